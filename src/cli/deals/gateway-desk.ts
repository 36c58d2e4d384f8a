/** The desk at the other end of the gateway's API: what may be done, and in whose name, is decided there. */
import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { isDealId } from '../../deal/ids.js';
import {
  dealAnswer,
  listAnswer,
  messageAnswer,
  problemAnswer,
  queuedAnswer,
  startAnswer,
} from '../../gateway/answers.js';
import type { Desk } from '../../gateway/desk.js';
import { Problem } from '../../gateway/problem.js';

/** What the commands do with deals. */
export type DealsDesk = Pick<Desk, 'start' | 'list' | 'read' | 'tell'>;

export interface GatewayAccess {
  /** Base address; `/deals` is appended. */
  url: string;
  /** Null for a gateway without tokens, on this machine. */
  token: string | null;
  /** Who speaks, where no token tells. */
  name: string | null;
  /** How long a call may take, in milliseconds. The gateway's own longest is 10 s. */
  callMs?: number;
}

interface Call {
  method: 'GET' | 'POST';
  path: string;
  query?: URLSearchParams;
  body?: unknown;
  key?: string | undefined;
}

/** Nothing that the gateway says is longer: a page of 1,000 deals has half a MiB. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** No call is repeated by itself. Every method throws `Problem`: the gateway's own, or `gateway-unreachable` and `unreadable-answer`. */
export function createGatewayDesk({ url, token, name, callMs = 15_000 }: GatewayAccess): {
  desk: DealsDesk;
  /** Ends what is under way, too. */
  close: () => Promise<void>;
} {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 5_000 }, maxResponseSize: MAX_ANSWER });

  async function call<T>({ method, path, query, body, key }: Call, schema: z.ZodType<T>): Promise<T> {
    const { statusCode, headers, text } = await request(`${url}${path}`, {
      dispatcher,
      method,
      ...(query && { query: Object.fromEntries(query) }),
      headers: {
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headersTimeout: callMs,
      bodyTimeout: callMs,
      signal: AbortSignal.timeout(callMs),
    })
      .then(async (answer) => ({ ...answer, text: await answer.body.text() }))
      .catch((error: unknown) => {
        throw unreachable(url, error);
      });
    const said = readJson(text);
    if (statusCode >= 400) throw problemFrom(url, statusCode, said, headers['retry-after']);
    const parsed = schema.safeParse(said);
    if (statusCode < 300 && parsed.success) return parsed.data;
    throw unreadable(url, statusCode);
  }

  const desk: DealsDesk = {
    start: (body) => call({ method: 'POST', path: '/deals', body }, startAnswer),

    list: (filter) => {
      const query = new URLSearchParams();
      for (const [field, value] of Object.entries(filter)) if (value !== undefined) query.set(field, String(value));
      return call({ method: 'GET', path: '/deals', query }, listAnswer);
    },

    read: async (dealId, round) => {
      const query = new URLSearchParams(round === undefined ? {} : { round: String(round) });
      return call({ method: 'GET', path: pathOf(dealId), query }, dealAnswer);
    },

    tell: async (dealId, message, given, key) => {
      const by = name === null ? {} : { [message === 'review' ? 'reviewer' : 'by']: name };
      const body = { ...by, ...(typeof given === 'object' ? given : {}) };
      const path = `${pathOf(dealId)}/${message}`;
      const { workflowId, ...told } = await call({ method: 'POST', path, body, key }, tellAnswer);
      return 'queued' in told ? { workflowId, queued: true } : { workflowId, queued: false, repeat: told.repeat };
    },
  };
  return { desk, close: () => dispatcher.destroy() };
}

const tellAnswer = z.union([queuedAnswer, messageAnswer]);

function pathOf(dealId: string): string {
  if (!isDealId(dealId)) throw new Problem(404, 'unknown-deal', 'No deal can have this id.');
  return `/deals/${encodeURIComponent(dealId)}`;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const HINTS: Partial<Record<number, string>> = {
  401: ' Check COUNTERSIGN_TOKEN.',
};

function problemFrom(url: string, status: number, said: unknown, retryAfter: string | string[] | undefined): Problem {
  const parsed = problemAnswer.safeParse(said);
  if (!parsed.success) return unreadable(url, status);
  const { type, detail, errors, workflowId, outcome } = parsed.data;
  return new Problem(
    status,
    type.replace('urn:countersign:problem:', ''),
    `${detail}${HINTS[status] ?? ''}`,
    { ...(errors && { errors }), ...(workflowId && { workflowId }), ...(outcome && { outcome }) },
    typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
  );
}

function unreadable(url: string, status: number): Problem {
  const detail =
    `${url} answered (${status}) as no gateway of this version would. Check COUNTERSIGN_URL (or --url), the proxies on the way and ` +
    'the version of the gateway.';
  // What a proxy says of a gateway that is away passes; an answer of something else does not.
  return new Problem(status >= 500 ? 503 : 502, 'unreadable-answer', detail);
}

function unreachable(url: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const late = error instanceof Error && (error.name === 'TimeoutError' || /TIMEOUT/.test(code));
  const why = late ? 'did not answer in time' : `cannot be reached${code ? ` (${code})` : ''}`;
  const detail = `The gateway at ${hostOf(url)} ${why}. Check that it runs, COUNTERSIGN_URL (or --url), HTTPS_PROXY and NO_PROXY.`;
  return new Problem(503, 'gateway-unreachable', detail);
}

function hostOf(url: string): string {
  return new URL(url).host;
}
