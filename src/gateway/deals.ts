/** The deals as the routes see them: what can be asked of them and what may come of it. `temporal-deals.ts` is the real one. */
import type { TakeFromCrm } from '../deal/intake.js';
import type { EnvelopeEvent, MessageName } from '../deal/messages.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import type { DealStart } from '../deal/start.js';
import type { DealFilter, DealPage } from './deal-list.js';

export type Started =
  | { kind: 'started'; workflowId: string }
  | { kind: 'attached'; workflowId: string }
  | { kind: 'ended'; workflowId: string; outcome: string }
  /** The workflow id belongs to another deal: `deal-42-2` is the second round of deal 42 and the first of deal 42-2. Or the deal is another tenant's. */
  | { kind: 'taken'; workflowId: string }
  /** The envelope to take over belongs to another deal already. */
  | { kind: 'envelope-taken'; workflowId: string }
  /** Another round of the deal stands in the way: an earlier one that is open, or a later one that exists. */
  | { kind: 'other-round'; round: number; open: boolean }
  /** The round before the asked one is not known. */
  | { kind: 'not-next'; round: number };

export type Read = { kind: 'deal'; snapshot: DealSnapshot } | { kind: 'unknown' };

export type Told =
  | { kind: 'taken'; workflowId: string; repeat: boolean }
  /** The deal was in the midst of a step for long, so it got the message as a signal: its timeline tells what became of it. */
  | { kind: 'queued'; workflowId: string }
  | { kind: 'not-now' | 'malformed'; workflowId: string; why: string }
  | { kind: 'ended'; workflowId: string; outcome: string }
  | { kind: 'unknown' };

/** `ignored`: the event tells the deal what it knows already. */
export type Heard = 'signalled' | 'ignored' | 'ended' | 'unknown';

export interface Deals {
  /** Starts the deal, or attaches to the same one when it is open. Exactly one of several calls at once answers `started`. */
  start(start: DealStart): Promise<Started>;
  /** The snapshot of a round, the latest by default. */
  read(dealId: string, round?: number): Promise<Read>;
  /** Hands a message to the latest round and waits for its answer. The same `updateId` again answers the first result. */
  tell(dealId: string, name: MessageName, message: unknown, updateId?: string): Promise<Told>;
  /** Hands a provider's event to the deal of this workflow id, or else to the deal that has the envelope. */
  hear(event: EnvelopeEvent, workflowId?: string): Promise<Heard>;
  /** Has deals of the CRM looked at that may want a contract. The same `id` again while that goes on changes nothing. */
  take(deals: TakeFromCrm, id: string): Promise<void>;
  /** One page of deals. Throws `UnreadableQuery` when Temporal cannot read the filter's query or cursor. */
  list(filter: DealFilter): Promise<DealPage>;
  count(filter: DealFilter): Promise<number>;
  /** Throws `DealsUnavailable` unless deals can be started and reached now. */
  check(): Promise<void>;
}

/**
 * Deals cannot be reached now, through no fault of the caller. `no-worker`: Temporal has the call but nobody answers it. `payload-keys`: what
 * Temporal keeps cannot be decrypted here.
 * The message says what to do, for the caller and for whoever runs the gateway.
 */
export class DealsUnavailable extends Error {
  override readonly name = 'DealsUnavailable';
  readonly kind: 'temporal-unavailable' | 'no-worker' | 'payload-keys';
  readonly retryAfterSeconds: number;

  constructor(
    kind: DealsUnavailable['kind'],
    message: string,
    details: { retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.retryAfterSeconds = details.retryAfterSeconds ?? 5;
  }
}
