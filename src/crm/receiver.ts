/** Signed calls to a receiver of the company's own. */
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { unreachable } from './http-answers.js';
import { signedHeaders, signingKeyOf } from './webhook-signature.js';

export interface ReceiverSettings {
  /** Base of the receiver; `/deals...` is appended. */
  url: string;
  /** `whsec_<base64>` or plain text. */
  secret: string;
}

export interface ReceiverCall {
  method: 'GET' | 'PATCH' | 'POST';
  path: string;
  /** Names the call for good: the receiver may drop a second one of the same name. */
  id: string;
  body?: Buffer;
  contentType?: string;
  /** For the whole call, in milliseconds. */
  timeoutMs: number;
}

export interface ReceiverCalls {
  /** The answer, whatever its status. Throws `CrmError` `unavailable` when there is none. */
  call(call: ReceiverCall): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** Throws at once on a malformed url or an empty secret. */
export function createReceiverCalls({ url, secret }: ReceiverSettings): ReceiverCalls {
  const base = new URL(url).href.replace(/\/+$/, '');
  const key = signingKeyOf(secret);
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 5_000 }, connections: 10 });
  let closed: Promise<void> | undefined;
  return {
    call: ({ method, path, id, body = Buffer.alloc(0), contentType, timeoutMs }) =>
      request(`${base}${path}`, {
        dispatcher,
        method,
        headers: {
          ...(contentType !== undefined && { 'content-type': contentType }),
          ...(method !== 'GET' && { 'idempotency-key': id }),
          ...signedHeaders(key, id, body),
        },
        ...(method !== 'GET' && { body }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      }).catch((error: unknown) => {
        throw unreachable(method, error);
      }),
    close: () => (closed ??= dispatcher.close()),
  };
}

export function dealPath(dealId: string): string {
  return `/deals/${encodeURIComponent(dealId)}`;
}
