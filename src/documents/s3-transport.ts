/** How the AWS SDK's requests travel: by undici, which honours HTTPS_PROXY and NO_PROXY as all else here does; the SDK's own handler knows no proxy. */
import { EnvHttpProxyAgent } from 'undici';

/** What the SDK hands over: signed, with a body that is in memory. */
interface SignedRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Query;
  method: string;
  headers: Record<string, string>;
  body?: unknown;
}

type Query = Record<string, string | string[] | null>;

const CONNECT_MS = 5_000;
/** For each silence of the other side; while a large body is on its way up there is one. Callers have limits of their own. */
const SILENCE_MS = 60_000;

/** Fit for `requestHandler` of a client of the SDK. `destroy` closes its connections once they are idle. */
export function createS3Transport() {
  const dispatcher = new EnvHttpProxyAgent({
    // Plain http: is for services on one's own machine or network.
    httpProxy: '',
    connect: { timeout: CONNECT_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connections: 8,
  });
  return {
    metadata: { handlerProtocol: 'http/1.1' },

    async handle(signed: SignedRequest, { abortSignal }: { abortSignal?: unknown } = {}) {
      const { protocol, hostname, port, path, query, method, headers, body: sent } = signed;
      const answer = await dispatcher.request({
        origin: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`,
        // As signed: a URL object would resolve the dots that a key may hold.
        path: `${path}${queryOf(query)}`,
        method: method === 'GET' || method === 'HEAD' || method === 'PUT' ? method : 'POST',
        headers,
        body: typeof sent === 'string' || sent instanceof Uint8Array ? sent : null,
        signal: abortSignal instanceof AbortSignal ? abortSignal : null,
      });
      const received: Record<string, string> = {};
      for (const [name, value] of Object.entries(answer.headers)) received[name] = [value ?? ''].flat().join(', ');
      return { response: { statusCode: answer.statusCode, headers: received, body: answer.body } };
    },

    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => void dispatcher.close().catch(() => undefined),
  };
}

function queryOf(query: Query = {}): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => encodeURIComponent(name) + (one === null ? '' : `=${encodeURIComponent(one)}`)),
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
