/** Requests to the gateway's `/mcp` that fail in words: what happened, and what to do. */
import { EnvHttpProxyAgent, fetch as fetchOver, type RequestInit as RequestOver } from 'undici';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { problemAnswer } from '../../gateway/answers.js';

export interface GatewayAccess {
  /** Base address; `/mcp` is appended. */
  url: string;
  /** Null for a gateway without tokens, on this machine. */
  token: string | null;
}

/** The gateway cannot be reached, or refuses. The message says what to do. */
export class GatewayFault extends Error {
  override readonly name = 'GatewayFault';
}

/** Honours HTTPS_PROXY and NO_PROXY. `close` ends what is under way, too. */
export function gatewayFetch({ url, token }: GatewayAccess): { fetch: FetchLike; close: () => Promise<void> } {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 5_000 } });
  const { host } = new URL(url);

  const fetch: FetchLike = async (target, { method = 'GET', body, headers, signal, redirect } = {}) => {
    const init: RequestOver = { method, dispatcher, headers: [...new Headers(headers)] };
    if (typeof body === 'string') init.body = body;
    if (token !== null) init.headers = [...new Headers(headers), ['authorization', `Bearer ${token}`]];
    if (signal) init.signal = signal;
    if (redirect) init.redirect = redirect;
    const answer = await fetchOver(target, init).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new GatewayFault(
        `The gateway at ${host} cannot be reached${codeOf(error)}. Check that it runs, COUNTERSIGN_URL, HTTPS_PROXY and NO_PROXY.`,
      );
    });
    const { status } = answer;
    // That there is no stream to listen on is no fault.
    if (method === 'POST' && status >= 300) throw refusalOf(host, status, await answer.text());
    const stream = answer.body instanceof ReadableStream ? answer.body : null;
    return new Response(stream, { status, headers: [...answer.headers] });
  };
  return { fetch, close: () => dispatcher.destroy() };
}

function refusalOf(host: string, status: number, text: string): GatewayFault {
  const detail = detailIn(text);
  if (detail === undefined) {
    return new GatewayFault(
      `${host} answered (${status}) as no gateway of this version would. Check COUNTERSIGN_URL, the proxies on the way and the version of the gateway.`,
    );
  }
  const hint = status === 401 ? ' Check COUNTERSIGN_TOKEN.' : '';
  return new GatewayFault(`The gateway at ${host} refuses (${status}): ${detail}${hint}`);
}

function detailIn(text: string): string | undefined {
  try {
    return problemAnswer.safeParse(JSON.parse(text)).data?.detail;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
}
