import { createHash } from 'node:crypto';
import type { Clock } from './clock.js';
import type { IdempotencyRecord, StoredAnswer } from './model.js';
import { Refusal } from './refusal.js';
import type { Store } from './store.js';
import type { Switches } from './switches.js';

const LONGEST_KEY = 255;
/** Refusals that are stored under the key: a retry with the same key after a top-up meets them again (Atlas notes 9, 26.19). */
const STORED_REFUSALS = new Set([402, 403, 409]);

export interface IdempotentRequest {
  keyId: string;
  method: string;
  path: string;
  transport: string;
  key: string;
  fingerprint: string;
}

/** Remembers answers for 24 h by API key, method and path, transport and `Idempotency-Key` (Atlas notes 9, 25). */
export class Idempotency {
  private readonly running = new Map<string, string>();

  constructor(
    private readonly store: Store,
    private readonly switches: Switches,
    private readonly clock: Clock,
  ) {}

  /**
   * The stored answer, if this request was answered before. Otherwise marks it as running until `end`.
   * 409 while the first one still runs, 422 (in strict mode) when the key comes back with another body.
   */
  begin(request: IdempotentRequest): StoredAnswer | null {
    if (request.key.length === 0 || request.key.length > LONGEST_KEY) {
      throw new Refusal(400, 'invalid_idempotency_key', `Idempotency-Key must be 1 to ${LONGEST_KEY} characters long`);
    }
    const id = idOf(request);
    const record = this.store.idempotency.get(id);
    const known = record !== undefined && !this.expired(record) ? record.fingerprint : this.running.get(id);
    if (known !== undefined && known !== request.fingerprint && this.switches.now.idempotency_mode === 'strict') {
      throw new Refusal(422, 'idempotency_key_reused', 'This Idempotency-Key was used with another body');
    }
    if (record !== undefined && !this.expired(record)) return record.answer;
    if (this.running.has(id)) {
      throw new Refusal(409, 'idempotency_in_progress', 'A request with this Idempotency-Key is still running');
    }
    this.running.set(id, request.fingerprint);
    return null;
  }

  /** Stores the answer of a request that began. Inside the transaction that made the answer true. */
  remember(request: IdempotentRequest, answer: StoredAnswer): void {
    const worthKeeping =
      answer.refusal === null || (this.switches.now.store_refusals && STORED_REFUSALS.has(answer.status));
    if (!worthKeeping) return;
    const storedAt = this.clock.now().toISOString();
    this.store.idempotency.put({ id: idOf(request), fingerprint: request.fingerprint, storedAt, answer });
  }

  end(request: IdempotentRequest): void {
    this.running.delete(idOf(request));
  }

  private expired(record: IdempotencyRecord): boolean {
    return isExpired(record, this.clock, this.switches.now.idempotency_window_ms);
  }
}

export function isExpired(record: IdempotencyRecord, clock: Clock, windowMs: number): boolean {
  return clock.now().getTime() - Date.parse(record.storedAt) >= windowMs;
}

function idOf({ keyId, method, path, transport, key }: IdempotentRequest): string {
  return createHash('sha256').update([keyId, method, path, transport, key].join('\n')).digest('hex');
}
