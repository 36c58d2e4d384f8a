/** What a log collector's answer, or its silence, means for a batch. */
import { SinkError } from '../rows.js';
import { codeOf } from './codes.js';

/** With when the collector wants to be called again. */
export class CollectorBusy extends SinkError {
  /** From now, in ms. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('unavailable', `${message} It asks to be left alone for ${Math.ceil(retryAfterMs / 1000)} s.`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Client errors that pass by themselves: time-out, too early, too many. */
const PASSING = new Set([408, 425, 429]);

export function refusalOf(status: number, retryAfterMs: number | undefined): SinkError {
  const said = `The log collector of DOCUSIGN_SINK answered ${status}`;
  if (status >= 500 || PASSING.has(status)) {
    return retryAfterMs === undefined
      ? new SinkError('unavailable', `${said}.`)
      : new CollectorBusy(`${said}.`, retryAfterMs);
  }
  return new SinkError('refused', `${said}: ${remedyOf(status)}.`);
}

function remedyOf(status: number): string {
  if (status < 400) return 'redirects are not followed, so set DOCUSIGN_SINK to the final address';
  if (status === 401 || status === 403) return 'it does not accept the token, so check DOCUSIGN_SINK_TOKEN';
  if (status === 404 || status === 405) return 'it takes no rows at this address, so check DOCUSIGN_SINK';
  if (status === 413) return 'a single row is too large for it, so raise its limit';
  return 'check that it takes gzip-compressed lines of JSON';
}

export function silence(error: unknown): SinkError {
  return new SinkError(
    'unavailable',
    `The log collector of DOCUSIGN_SINK did not answer (${codeOf(error)}): check DOCUSIGN_SINK, HTTPS_PROXY and NO_PROXY.`,
  );
}

/** What a `Retry-After` header asks for, seconds or an HTTP date (RFC 9110, 10.2.3), in ms from `now`; an hour at most. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, 3_600_000) : undefined;
}
