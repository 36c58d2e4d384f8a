/** One HTTP exchange with a host of DocuSign's: kept-alive connections, time and size limits, no redirects, no repeats. */
import type { IncomingHttpHeaders } from 'node:http';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { DocusignError } from './account.js';
import type { CallEntry, CallLog } from './call-log.js';
import { fingerprintOf, shortHash } from './fingerprints.js';
import { codeIn } from './refusals.js';
import { envelopeOf } from './routes.js';
import type { DocusignSettings } from './settings.js';

const CONNECT_MS = 10_000;
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface Exchange {
  api: CallEntry['api'];
  method: Dispatcher.HttpMethod;
  url: URL;
  /** The address as it may be told: without ids. */
  route: string;
  headers: Record<string, string>;
  body?: string;
  maxBytes: number;
  /** Time limit of the exchange, in ms. */
  withinMs: number;
}

export interface Exchanged {
  status: number;
  headers: IncomingHttpHeaders;
  /** Whole when the status is 2xx, else the first 64 KiB. */
  bytes: Buffer;
}

export interface Wire {
  /** Answers whatever status came. Throws `DocusignError`: `unreachable`, `too-large`. Every exchange is in the call log. */
  send(exchange: Exchange): Promise<Exchanged>;
  close(): Promise<void>;
}

/** `dispatcher` replaces the own pool; whoever gives it closes it. */
export function openWire(
  { environment, integrationKey, trustAnyCertificate }: DocusignSettings,
  callLog: CallLog,
  dispatcher?: Dispatcher,
): Wire {
  const pool = dispatcher ?? ownPool(trustAnyCertificate);
  const key = fingerprintOf(integrationKey);
  return {
    async send(exchange) {
      const { api, method, route, url } = exchange;
      const began = Date.now();
      const started = performance.now();
      const note = async (status: number | null, code: string | null): Promise<void> => {
        const envelope = api === 'esignature' ? envelopeOf(url.pathname) : null;
        await callLog.append({
          at: new Date(began).toISOString(),
          key,
          environment,
          api,
          method,
          route,
          envelope: envelope === null ? null : shortHash(envelope),
          resource: envelope === null ? null : shortHash(resourceOf(url)),
          status,
          code,
          ms: Math.round(performance.now() - started),
        });
      };
      try {
        const answer = await exchangeOver(pool, exchange);
        await note(answer.status, isFine(answer.status) ? null : (codeIn(answer.bytes) ?? null));
        return answer;
      } catch (error) {
        const failure = error instanceof DocusignError ? error : noAnswer(exchange, error);
        await note(null, failure.kind === 'too-large' ? 'TOO_LARGE' : null);
        throw failure;
      }
    },
    close: async () => void (dispatcher === undefined && (await pool.close())),
  };
}

export function isFine(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Resources are told apart without their query: DocuSign does not say that it does otherwise. */
export function resourceOf(url: URL): string {
  return `${url.host}${url.pathname}`.toLowerCase();
}

async function exchangeOver(pool: Dispatcher, exchange: Exchange): Promise<Exchanged> {
  const { method, url, headers, body, maxBytes, withinMs } = exchange;
  const answer = await request(url, {
    method,
    headers,
    body: body ?? null,
    dispatcher: pool,
    headersTimeout: withinMs,
    bodyTimeout: withinMs,
    signal: AbortSignal.timeout(withinMs),
  });
  const fine = isFine(answer.statusCode);
  const bytes = await readUpTo(answer.body, fine ? maxBytes : MAX_REFUSAL_BYTES);
  if (bytes.length > maxBytes && fine)
    throw new DocusignError(
      'too-large',
      `DocuSign’s answer to ${method} ${exchange.route} is larger than ${maxBytes} bytes`,
    );
  return { status: answer.statusCode, headers: answer.headers, bytes };
}

/** One byte more than `limit` tells that there was more; the rest is never received. */
async function readUpTo(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}

/** Only the system's code of the cause is told: causes may hold addresses of proxies, with their passwords. */
function noAnswer({ method, route }: Exchange, cause: unknown): DocusignError {
  return new DocusignError('unreachable', `no whole answer from DocuSign to ${method} ${route} (${codeOf(cause)})`);
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  if (cause.name === 'TimeoutError') return 'time limit of the whole call';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

/** Plain `http:` is for stand-ins on one's own machine or network, so only `HTTPS_PROXY` (with `NO_PROXY`) counts. */
function ownPool(trustAnyCertificate: boolean): Dispatcher {
  const trusting = trustAnyCertificate ? { rejectUnauthorized: false } : {};
  return new EnvHttpProxyAgent({
    httpProxy: '',
    connect: { timeout: CONNECT_MS, ...trusting },
    // The connection to DocuSign that goes through a proxy.
    requestTls: { timeout: CONNECT_MS, ...trusting },
    keepAliveTimeout: 4_000,
    connections: 32,
  });
}
