import type { Readable } from 'node:stream';
import { EnvHttpProxyAgent, request, type Dispatcher, type FormData } from 'undici';
import { z } from 'zod';
import { AtlasErrors, type Errand } from './errors.js';
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type AtlasClientOptions, type Limits, type Timeouts } from './options.js';
import { parseJson } from './refusal.js';

/** A call of the API. `route` holds `{id}` where `id` goes. */
export interface Call {
  method: 'GET' | 'POST' | 'PATCH';
  route: string;
  id?: string;
  query?: URLSearchParams;
  json?: unknown;
  form?: FormData;
  idempotencyKey?: string;
  /** A document travels with it: the longer time limit counts. */
  heavy?: boolean;
}

export interface Answer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  body: Dispatcher.ResponseData['body'];
}

const MAX_ERROR_BODY = 64 * 1024;
const failure = z.looseObject({ success: z.literal(false) });

/**
 * HTTP to one Atlas account: one pool of kept-alive connections, the bearer key, time and size limits, typed errors. It never repeats
 * a request: whoever calls knows whether a repeat is safe.
 */
export class AtlasHttp {
  readonly base: URL;
  readonly limits: Limits;
  readonly errors: AtlasErrors;
  private readonly timeouts: Timeouts;
  private readonly dispatcher: Dispatcher;
  private readonly ownsDispatcher: boolean;
  private readonly headers: Record<string, string>;

  constructor(
    private readonly options: AtlasClientOptions,
    account?: string,
  ) {
    if (!/^[\x21-\x7e]+$/.test(options.apiKey))
      throw new TypeError('the Atlas API key must be printable ASCII without spaces');
    this.base = new URL(options.baseUrl.replace(/\/*$/, '/'));
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.errors = new AtlasErrors(options.apiKey);
    this.headers = {
      authorization: `Bearer ${options.apiKey}`,
      ...(account !== undefined && { 'atlas-account': account }),
    };
    this.dispatcher = options.dispatcher ?? ownPool(this.timeouts);
    this.ownsDispatcher = options.dispatcher === undefined;
  }

  /** The same on behalf of a connected account: over the same connections, which stay this one's to close. */
  forAccount(account: string): AtlasHttp {
    return new AtlasHttp({ ...this.options, dispatcher: this.dispatcher }, account);
  }

  /** Calls the API and reads the JSON answer by `schema`; an answer that is no JSON reads as undefined. */
  async call<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
    const errand = errandOf(call);
    const url = this.urlOf(call, errand);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
    if (call.json !== undefined) headers['content-type'] = 'application/json';
    const body = call.form ?? (call.json === undefined ? null : JSON.stringify(call.json));
    const answer = await this.open(errand, url, {
      method: call.method,
      headers,
      body,
      withKey: true,
      heavy: call.heavy === true,
    });
    return this.readJson(errand, answer, schema);
  }

  /** Sends one request, follows nothing. The caller must read or dump the body. The key, and the account it acts for, go along only where `withKey` says so. */
  async open(
    errand: Errand,
    url: URL,
    options: {
      method: Dispatcher.HttpMethod;
      headers?: Record<string, string>;
      body?: string | FormData | null;
      withKey: boolean;
      heavy: boolean;
    },
  ): Promise<Answer> {
    const { method, headers, body, withKey, heavy } = options;
    try {
      const answer = await request(url, {
        method,
        headers: { ...headers, ...(withKey && this.headers) },
        body: body ?? null,
        dispatcher: this.dispatcher,
        headersTimeout: this.timeouts.headersMs,
        bodyTimeout: this.timeouts.bodyMs,
        signal: AbortSignal.timeout(heavy ? this.timeouts.transferMs : this.timeouts.callMs),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (cause) {
      throw this.errors.unreachable(errand, cause);
    }
  }

  async readJson<T>(errand: Errand, answer: Answer, schema: z.ZodType<T>): Promise<T> {
    const { status } = answer;
    if (status < 200 || status > 299) return this.refuse(errand, answer);
    const { bytes, whole } = await this.read(errand, answer, this.limits.jsonBytes);
    if (!whole) throw this.errors.unreadable(errand, `body: larger than ${this.limits.jsonBytes} bytes`, status);
    const text = bytes.toString('utf8');
    const json = parseJson(text);
    if (failure.safeParse(json).success) {
      throw this.errors.refused(errand, { status, retryAfter: undefined, body: text }, 'invalid');
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    if (json === undefined) throw this.errors.unreadable(errand, 'body: not JSON', status);
    throw this.errors.unparsed(errand, parsed.error, status);
  }

  /** Throws what an answer outside 2xx means. */
  async refuse(errand: Errand, answer: Answer): Promise<never> {
    const { status } = answer;
    const { bytes } = await this.read(errand, answer, MAX_ERROR_BODY);
    throw this.errors.refused(errand, {
      status,
      retryAfter: headerOf(answer, 'retry-after'),
      body: bytes.toString('utf8'),
    });
  }

  /** Reads at most `limit` bytes; the rest of a longer body is never received. */
  async read(errand: Errand, answer: Answer, limit: number): Promise<{ bytes: Buffer; whole: boolean }> {
    try {
      return await readUpTo(answer.body, limit);
    } catch (cause) {
      throw this.errors.unreachable(errand, cause);
    }
  }

  /** Lets go of a body nobody wants, so that its connection is free again. */
  async discard(answer: Answer): Promise<void> {
    await answer.body.dump({ limit: MAX_ERROR_BODY }).catch(() => undefined);
  }

  /** Waits for calls under way, then closes the connections. */
  async close(): Promise<void> {
    if (this.ownsDispatcher) await this.dispatcher.close();
  }

  private urlOf(call: Call, errand: Errand): URL {
    const id = call.id ?? '';
    // Encoding leaves dots alone, and URL would read them as steps up: `/api/envelope/../send`.
    if (call.route.includes('{id}') && /^\.{0,2}$/.test(id))
      throw this.errors.invalid(errand, 'the id is empty or only dots');
    const url = new URL(call.route.replace('{id}', () => encodeURIComponent(id)).slice(1), this.base);
    if (call.query) url.search = call.query.toString();
    return url;
  }
}

export function headerOf(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function errandOf(call: Call): Errand {
  return {
    what: `${call.method} ${call.route}`,
    envelopeId: call.route.startsWith('/api/envelope/') ? call.id : undefined,
  };
}

/** Plain `http:` is for stand-ins on one's own machine or network, so only `HTTPS_PROXY` (with `NO_PROXY`) counts. */
function ownPool(timeouts: Timeouts): Dispatcher {
  return new EnvHttpProxyAgent({
    httpProxy: '',
    connect: { timeout: timeouts.connectMs },
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    keepAliveTimeout: 4_000,
    connections: 32,
  });
}

async function readUpTo(body: Readable, limit: number): Promise<{ bytes: Buffer; whole: boolean }> {
  const pieces: AsyncIterable<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of pieces) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
}
