/** What DocuSign's refusals mean. Its own texts may name people, so only codes are read and told. */
import type { IncomingHttpHeaders } from 'node:http';
import { DocusignError, type DocusignErrorKind } from './account.js';
import { BURST_MS, hourOf, toldBy } from './limits.js';

const HOURLY = new Set([
  'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
  'HOURLY_ENVELOPE_POLLING_LIMIT_EXCEEDED',
  'HOURLY_APIINVOCATION_ENVELOPE_LIMIT_EXCEEDED',
]);
const BURST = new Set([
  'BURST_APIINVOCATION_LIMIT_EXCEEDED',
  'BURST_ENVELOPE_POLLING_LIMIT_EXCEEDED',
  'BURST_APIINVOCATION_ENVELOPE_LIMIT_EXCEEDED',
]);
/** Too many downloads of a document at a time; there is no word on how long that lasts (eSignature rules and limits). */
const THROTTLED = 'API_REQUEST_IS_THROTTLED';
const THROTTLED_MS = 60_000;
/** Monitor wants a minute between requests (Monitor 101). */
const MONITOR_MS = 60_000;

/** The code decides before the status: DocuSign has no table of statuses by code, and has moved some (its notice of April 2026). */
const KINDS = new Map<string, DocusignErrorKind>([
  ['RECIPIENT_LIMIT_EXCEEDED', 'invalid'],
  ['ENVELOPE_DOES_NOT_EXIST', 'not-found'],
  ['DOCUMENT_DOES_NOT_EXIST', 'not-found'],
  ['RESOURCE_NOT_FOUND', 'not-found'],
  ['USER_NOT_FOUND', 'not-found'],
  ['USER_LACKS_MEMBERSHIP', 'forbidden'],
  ['USER_LACKS_PERMISSIONS', 'forbidden'],
  ['ACCOUNT_LACKS_PERMISSIONS', 'forbidden'],
  ['USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT', 'forbidden'],
  ['USER_NOT_ACCOUNT_ADMIN', 'forbidden'],
  ['PLAN_ITEM_NOT_ENABLED', 'forbidden'],
  ['ENVELOPE_ALLOWANCE_EXCEEDED', 'forbidden'],
  [THROTTLED, 'rate-limited'],
]);

export interface Refused {
  /** `GET /envelopes/{id}` */
  what: string;
  api: string;
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Uint8Array;
}

/** What a refused call is to its caller. `now`: ms since 1970, for telling how long a limit lasts. */
export function refusalOf({ what, api, status, headers, bytes }: Refused, now: number): DocusignError {
  const code = codeIn(bytes);
  const kind = kindOf(status, code);
  const retryAfterMs = kind === 'rate-limited' ? waitAfter(api, code, headers, now) : undefined;
  const said = code === undefined ? '' : ` (${code})`;
  const wait = retryAfterMs === undefined ? '' : `; there is room again in ${Math.ceil(retryAfterMs / 1000)} s`;
  return new DocusignError(kind, `DocuSign answered ${status}${said} to ${what}${hintOf(kind, status)}${wait}`, {
    status,
    ...(code !== undefined && { code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** DocuSign's code in a refusal, upper-case; undefined where there is none or it is no code. */
export function codeIn(bytes: Uint8Array): string | undefined {
  const body = jsonOf(bytes);
  // The eSignature API has `errorCode`, the Admin API and the token endpoint `error`.
  const { errorCode, error, error_description: description } = body;
  const code = typeof errorCode === 'string' ? errorCode : typeof error === 'string' ? error : undefined;
  if (typeof description === 'string' && /maximum number of hourly api invocations/i.test(description))
    return 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED';
  return code !== undefined && /^[a-z][a-z0-9_]{0,79}$/i.test(code) ? code.toUpperCase() : undefined;
}

/** The limit of the whole account that `code` says is met; undefined for limits of one envelope and everything else. */
export function limitMet(code: string | undefined): 'hour' | 'burst' | undefined {
  if (code === 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED') return 'hour';
  return code === 'BURST_APIINVOCATION_LIMIT_EXCEEDED' ? 'burst' : undefined;
}

export function jsonOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function kindOf(status: number, code: string | undefined): DocusignErrorKind {
  // Limits came with 400 before 2026, and come with 429 since.
  if (code !== undefined && (HOURLY.has(code) || BURST.has(code))) return 'rate-limited';
  const known = code === undefined ? undefined : KINDS.get(code);
  if (known !== undefined && status >= 400 && status < 500) return known;
  if (status === 401) return 'login';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  // 444: held back by DocuSign's traffic management.
  if (status >= 500 || status === 444 || status === 408) return 'unavailable';
  return status >= 400 ? 'invalid' : 'unreadable';
}

function hintOf(kind: DocusignErrorKind, status: number): string {
  if (kind === 'login')
    return ', with a fresh token too: check that DOCUSIGN_USER_ID is an active user of the account, then run countersign docusign auth-test';
  return status >= 300 && status < 400 ? ': a redirect, and none is followed' : '';
}

function waitAfter(api: string, code: string | undefined, headers: IncomingHttpHeaders, now: number): number {
  const told = toldBy(headers, now);
  if (code !== undefined && BURST.has(code)) return BURST_MS;
  if (code !== undefined && HOURLY.has(code)) return (told.endsAt ?? hourOf(now)) - now;
  if (code === THROTTLED) return THROTTLED_MS;
  // Not documented, but what any gateway in between may say.
  const seconds = Number(headers['retry-after']);
  if (seconds >= 0 && seconds <= 86_400) return Math.ceil(seconds * 1000);
  if (told.left === 0 && told.endsAt !== undefined) return told.endsAt - now;
  return api === 'monitor' ? MONITOR_MS : BURST_MS;
}
