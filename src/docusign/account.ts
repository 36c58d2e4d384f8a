/**
 * One way to every DocuSign API. Whoever calls, for deals or for audit feeds, goes through one account, so that the login, both rate limits
 * and the call log are shared.
 */
import type { IncomingHttpHeaders } from 'node:http';

export type DocusignApi = 'esignature' | 'monitor' | 'admin';

export interface DocusignCall {
  api: DocusignApi;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /**
   * Below the API's root: for `esignature` `{base_uri}/restapi/v2.1/accounts/{accountId}` ("/envelopes"), for the others the host
   * (`/api/v2.0/…`, `/management/v2/…`). A whole address is followed as it is when it is of that API's own host (`paging.next`),
   * and refused (`invalid`) otherwise.
   */
  path: string;
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default `application/json`. */
  accept?: string;
  /** Largest answer that is taken, in bytes; a longer one is `too-large`. Default 16 MiB. */
  maxBytes?: number;
  /** Time limit of the whole call, in ms; default 60,000. */
  callMs?: number;
}

export interface DocusignAnswer {
  /** 2xx. */
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Uint8Array;
  /** The bytes as JSON; throws `DocusignError` of kind `unreadable`. */
  json(): unknown;
}

export interface DocusignAccountEntry {
  accountId: string;
  name: string;
  isDefault: boolean;
  baseUri: string;
}

export interface DocusignAccount {
  /** Fingerprint of the integration key, fit for logs: the first 8 hex digits of its SHA-256. */
  readonly apiKeyId: string;
  readonly environment: 'developer' | 'production';
  /** The account that signs, as the settings or the login say. */
  accountId(): Promise<string>;
  /** The organization of the settings; throws `DocusignError` of kind `invalid` that names the variable where there is none. */
  organizationId(): string;
  /** Accounts of the user; cached for an hour. */
  accounts(): Promise<DocusignAccountEntry[]>;
  /**
   * One call, with a valid token, once the limits leave room for it. Throws `DocusignError`, also for every answer that is not 2xx. Repeats
   * nothing by itself but a call whose token was refused (401), once and with a fresh one.
   */
  call(call: DocusignCall): Promise<DocusignAnswer>;
  close(): Promise<void>;
}

/**
 * `unreachable` (no whole answer), `unavailable` (5xx, 444) and `rate-limited` pass by themselves; the rest needs a change first.
 * `login`: the token endpoint refused; the message says what to do.
 */
export type DocusignErrorKind =
  | 'unreachable'
  | 'unavailable'
  | 'rate-limited'
  | 'login'
  | 'forbidden'
  | 'not-found'
  | 'invalid'
  | 'unreadable'
  | 'too-large';

export class DocusignError extends Error {
  override readonly name = 'DocusignError';
  readonly kind: DocusignErrorKind;
  readonly status: number | undefined;
  /** DocuSign's own `errorCode`, upper-case, where it gave one. */
  readonly code: string | undefined;
  /** When the limit leaves room again, in ms from now. */
  readonly retryAfterMs: number | undefined;

  /** `message` holds nothing personal and no secret: DocuSign's own texts may name people and are left out. */
  constructor(
    kind: DocusignErrorKind,
    message: string,
    details: { status?: number; code?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }
}
