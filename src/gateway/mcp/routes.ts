/** `/mcp`: assistants over MCP's streamable HTTP. Without sessions: each request has a server of its own, so any gateway answers any of them. */
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from '../access.js';
import type { Desk } from '../desk.js';
import type { Caller } from '../identity.js';
import { Problem } from '../problem.js';
import { createAssistantServer } from './server.js';

/** Headers of a request that the protocol has a use for. */
const HEADERS = ['accept', 'content-type', 'mcp-protocol-version'];

/** A stream that waits for a deal says so, since proxies and this server end silent connections. */
const KEEP_ALIVE_MS = 10_000;

const config = { deed: 'talk to an assistant' } as const;

/** `deskOf` must give desks whose starts are always reviewed. */
export function addAssistantRoutes(app: FastifyInstance, deskOf: (caller: Caller) => Desk): void {
  const stopping = new AbortController();
  app.addHook('preClose', async () => stopping.abort());

  app.post('/mcp', { config }, async (request, reply) => {
    refuseForeignPages(request);
    const server = createAssistantServer(deskOf(callerOf(request)), {
      stopping: stopping.signal,
      unforeseen: (error) => request.log.error({ err: error }, 'a tool failed unforeseen'),
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ keepAliveMs: KEEP_ALIVE_MS });
    // Ended by the client or by the last byte: what is still under way has nobody to answer.
    reply.raw.once('close', () => void server.close());
    await server.connect(transport);
    return reply.send(await transport.handleRequest(asWebRequest(request), { parsedBody: request.body }));
  });

  // There is nothing that the server would say unasked, and no session to end.
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    config,
    handler: () => {
      throw new Problem(
        405,
        'method-not-allowed',
        'This route takes POST: there are no sessions.',
        {},
        { allow: 'POST' },
      );
    },
  });
}

function asWebRequest({ headers }: FastifyRequest): Request {
  const kept = HEADERS.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return new Request('http://countersign.invalid/mcp', { method: 'POST', headers: kept });
}

/**
 * A web page may talk to this only from the gateway's own address. A page that resolves its own name to this machine passes here, and fails
 * for want of a token or, where none is needed, by the host it asks for (`access.ts`).
 */
function refuseForeignPages({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new Problem(403, 'forbidden', 'Web pages of other addresses may not talk to this gateway.');
}
