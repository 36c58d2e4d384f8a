/** The port to the CRM. Both writes may be repeated: the second call with the same `writeId` changes nothing. */
import type { SignedPdf } from '../deal/snapshot.js';
import type { CrmRecord } from '../deal/state.js';

export interface Crm {
  readonly name: string;
  /**
   * Writes the deal's stage, envelope id, links and outcome, and the billing row with the envelope id first.
   * A record whose `version` is not above the stored one is left aside. Throws `CrmError`.
   */
  record(record: CrmRecord, writeId: string): Promise<void>;
  /** Why the CRM no longer wants the contract (the deal was lost, moved back or deleted), or null while it does. Throws `CrmError`. */
  withdrawn(deal: { dealId: string; round: number }): Promise<string | null>;
  /** Attaches the signed PDF to the deal; `read` fetches its bytes from the document store, for drivers that upload them. Throws `CrmError`. */
  attach(
    deal: { dealId: string; round: number; envelopeId: string },
    pdf: SignedPdf,
    read: () => Promise<Uint8Array>,
    writeId: string,
  ): Promise<void>;
  /** Throws `CrmError` with a hint when the CRM cannot be written, so that a worker stops at its start and not at its first deal. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * `refused`: the CRM said no and a repeat will not help. `gone`: it has no such deal any more. `unavailable`: it may work later, after
 * `retryAfterMs` if given.
 */
export class CrmError extends Error {
  override readonly name = 'CrmError';
  readonly kind: 'refused' | 'gone' | 'unavailable';
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: 'refused' | 'gone' | 'unavailable',
    message: string,
    details: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.retryAfterMs = details.retryAfterMs;
  }
}
