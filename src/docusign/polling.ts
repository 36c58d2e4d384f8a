/**
 * DocuSign asks that nobody reads one resource of an envelope again within 15 minutes, and looks at that before it lets a key go live
 * (eSignature rules and limits). What this process has read is not read again before.
 */
import { DocusignError } from './account.js';

export const POLLING_MS = 15 * 60_000;
/** How soon to come again while somebody else is reading the same. */
const UNDER_WAY_MS = 1_000;
const CLEAN_UP_AT = 1_000;

export interface Reading {
  /** The answer came whole. */
  done(): void;
  /** It did not: it may be read again. A second call, or one after `done`, does nothing. */
  failed(): void;
}

export class PollingGuard {
  /** When each was read last; null while it is being read. */
  private readonly read = new Map<string, number | null>();

  constructor(
    private readonly intervalMs: number = POLLING_MS,
    private readonly now: () => number = Date.now,
  ) {}

  /** Throws `DocusignError` (`rate-limited`) when `resource` was read not long ago, or is being read. */
  begin(resource: string): Reading {
    const now = this.now();
    const before = this.read.get(resource);
    if (before === null) throw tooSoon('is being read just now', Math.min(UNDER_WAY_MS, this.intervalMs));
    const rest = before === undefined ? 0 : before + this.intervalMs - now;
    if (rest > 0) throw tooSoon('was read not long ago', rest);
    this.read.set(resource, null);
    if (this.read.size >= CLEAN_UP_AT) this.forget(now);
    let open = true;
    const end = (at: number | undefined): void => {
      if (!open) return;
      open = false;
      if (at === undefined) this.read.delete(resource);
      else this.read.set(resource, at);
    };
    // DocuSign counts from the request.
    return { done: () => end(now), failed: () => end(undefined) };
  }

  private forget(now: number): void {
    for (const [resource, at] of this.read) if (at !== null && at + this.intervalMs <= now) this.read.delete(resource);
  }
}

function tooSoon(what: string, waitMs: number): DocusignError {
  return new DocusignError(
    'rate-limited',
    `this resource of an envelope ${what}, and DocuSign counts it as polling when it is read again; that can be done in ${Math.ceil(waitMs / 1000)} s`,
    { retryAfterMs: Math.ceil(waitMs) },
  );
}
