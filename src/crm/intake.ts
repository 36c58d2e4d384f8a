/**
 * The other side of the port to the CRM: how deals come from there. What a CRM tells is a hint only; which deals want a contract is
 * always read from its records.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { DealRequest } from '../deal/request.js';

/** A deal as its record in the CRM stands now. */
export type CrmDeal =
  /**
   * It is in a stage that wants a contract. `recorded`: a run of this round has written to the record already. Such a deal must not be taken
   * for a new one only because Temporal has forgotten its run.
   */
  | { kind: 'wanted'; request: DealRequest; recorded: boolean }
  /** It wants one, but something is missing or wrong; `why` tells people in the CRM what to mend, without personal data. */
  | { kind: 'unfit'; why: string }
  /** It was lost, moved back or deleted: a contract that is not signed yet must be taken back. */
  | { kind: 'withdrawn'; why: string }
  /** In some other stage: nothing is to be done. */
  | { kind: 'other' };

export interface CrmIntake {
  /** The deal as it stands now. A deal that was never there is `other`. Throws `CrmError`. */
  look(dealId: string): Promise<CrmDeal>;
  /** One page of the deals that are in a stage that wants a contract; `next` asks for the page after it. Throws `CrmError`. */
  wanting(cursor?: string): Promise<{ dealIds: string[]; next: string | null }>;
  /** Leaves word at the deal why no contract comes of it, for people there. The same words again change nothing. Throws `CrmError`. */
  explain(dealId: string, why: string): Promise<void>;
}

/** A request as it came in, before anything has parsed it. */
export interface NotificationRequest {
  method: string;
  /** The address that the CRM called, whole: `https://host/crm/hubspot?…`. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The CRM's own notifications, for CRMs that send some: to `POST /crm/<name>` of the gateway. */
export interface CrmNotifications {
  readonly name: string;
  /** The deals that it says have changed in a way that matters, each once. Throws `BadNotification`. */
  read(notification: NotificationRequest): string[];
  /** What the CRM wants to hear when its notification is kept safe: anything else makes it send again. */
  readonly acknowledgement: { contentType: string; body: string };
}

/** `bad-signature`: not from this CRM, or too old. `malformed`: from it, but not understood; the message says what is wrong. */
export class BadNotification extends Error {
  override readonly name = 'BadNotification';
  readonly kind: 'bad-signature' | 'malformed';

  constructor(kind: 'bad-signature' | 'malformed', message: string) {
    super(message);
    this.kind = kind;
  }
}
