/** The gateway's HTTP server: what holds for every route, and the routes. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { PayloadCodec } from '@temporalio/common';
import type { GatewayToken, OidcSettings } from '../config.js';
import type { CrmNotifications } from '../crm/intake.js';
import type { Policy, ProviderName } from '../deal/policy.js';
import { guardRoutes } from './access.js';
import { addConsole } from './console/console.js';
import type { TemporalUi } from './console/links.js';
import { addCodecRoutes } from './codec-routes.js';
import { addCrmWebhook } from './crm-webhook.js';
import { addDealRoutes } from './deal-routes.js';
import type { Deals } from './deals.js';
import { createDesk, type SignLinks } from './desk.js';
import { addHealthRoutes } from './health-routes.js';
import { createIdentities } from './identity.js';
import { addAssistantRoutes } from './mcp/routes.js';
import { createMetrics, observeRequests, type Metrics } from './observe.js';
import { createOidc } from './oidc.js';
import { openapiWith } from './openapi.js';
import { addProviderWebhook } from './provider-webhook.js';
import { Problem, problemBody, sendProblem } from './problem.js';
import { atlasSender, docusignSender } from './webhook-senders.js';

const BODY_LIMIT = 1024 * 1024;

/** A client gets this long, in milliseconds, to send its request, and an idle connection to send the next. */
export interface Patience {
  requestMs: number;
  idleMs: number;
}

export interface GatewayParts {
  deals: Deals;
  signing: Readonly<Partial<Record<ProviderName, SignLinks>>>;
  policies: ReadonlyMap<string, Policy>;
  /** Null lets direct calls from this machine act as an operator. */
  tokens: readonly GatewayToken[] | null;
  oidc?: OidcSettings | null;
  atlasKeys: readonly string[];
  /** Keys of DocuSign Connect; null where no deal goes by DocuSign. */
  connectKeys?: readonly string[] | null;
  /** Of the CRM; left out where it sends none of its own. */
  notifications?: CrmNotifications | null;
  /** The gateway's address as others know it; for notifications. */
  publicUrl?: string;
  /** For the console's links to runs; left out for none. */
  temporalUi?: TemporalUi | null;
  /** What Temporal's payloads are encrypted by; null or left out where they are plain. */
  payloadCodec?: PayloadCodec | null;
  /** Origin of Temporal's UI, which may then ask for payloads from the browser. */
  codecCorsOrigin?: string | null;
  logger: FastifyBaseLogger;
  metrics?: Metrics;
  patience?: Patience;
}

/** The server, not yet listening. `close()` stops accepting, lets requests under way finish and ends idle connections. */
export function createGateway(parts: GatewayParts): FastifyInstance {
  const { deals, signing, policies, tokens, oidc, logger, metrics = createMetrics() } = parts;
  const { atlasKeys, connectKeys = null } = parts;
  const identities = tokens || oidc ? createIdentities(tokens ?? [], oidc ? createOidc(oidc) : undefined) : null;
  const { requestMs, idleMs } = parts.patience ?? { requestMs: 15_000, idleMs: 30_000 };

  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    bodyLimit: BODY_LIMIT,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // A silent connection ends after this long; longer than any answer takes.
    connectionTimeout: requestMs + idleMs,
    http: { headersTimeout: requestMs, connectionsCheckingInterval: Math.min(requestMs, 5_000) },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: refuseUnreadable,
  });
  // Text would otherwise be read as a string body, and a web page may send it anywhere without being asked.
  app.removeContentTypeParser('text/plain');

  const routes: { method: string | string[]; url: string }[] = [];
  app.addHook('onRoute', ({ method, url }) => void routes.push({ method, url }));
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  endConnectionsOnClose(app);
  observeRequests(app, metrics);
  guardRoutes(app, identities);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request) => {
    const allowed = routes.filter(({ url }) => patternOf(url).test(request.url)).flatMap(({ method }) => method);
    if (allowed.length === 0) throw new Problem(404, 'unknown-route', 'There is no such route; see /openapi.json.');
    const allow = [...new Set(allowed)].join(', ');
    throw new Problem(405, 'method-not-allowed', `This route takes ${allow}.`, {}, { allow });
  });

  addDealRoutes(app, (caller) => createDesk({ deals, signing, policies }, caller));
  addAssistantRoutes(app, (caller) => createDesk({ deals, signing, policies }, caller, { alwaysReviewed: true }));
  addProviderWebhook(app, { deals, sender: atlasSender(atlasKeys), metrics });
  if (connectKeys) addProviderWebhook(app, { deals, sender: docusignSender(connectKeys), metrics });
  if (parts.notifications)
    addCrmWebhook(app, { deals, notifications: parts.notifications, publicUrl: parts.publicUrl ?? '', metrics });
  addCodecRoutes(app, { codec: parts.payloadCodec ?? null, origin: parts.codecCorsOrigin ?? null });
  addHealthRoutes(app, deals, metrics);
  addConsole(app, {
    deskOf: (caller) => createDesk({ deals, signing, policies }, caller),
    identities,
    oidc: Boolean(oidc),
    documentTypes: () => [...policies.keys()],
    temporalUi: parts.temporalUi ?? null,
  });
  app.get('/openapi.json', async () => openapiWith({ crm: parts.notifications?.name, docusign: connectKeys !== null }));
  return app;
}

/** A connection that is kept open after the last answer would hold up the end of the process until it times out. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => void (closing = true));
  app.addHook('onSend', async (_request, reply) => void (closing && reply.header('connection', 'close')));
}

/** `/deals/:dealId` as a pattern of paths. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/?]+')}(\\?|$)`);
}

/** A caller's own id is kept when it is fit for a log. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}

/** What is no HTTP, or too slow, never becomes a request; it is refused on the bare connection. */
function refuseUnreadable(this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, detail] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'The request did not arrive in time.']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'The headers are too large.']
        : [400, 'The request cannot be read as HTTP.'];
  const problem = new Problem(status, 'bad-request', detail);
  const body = JSON.stringify(problemBody(problem, randomUUID()));
  const head = `HTTP/1.1 ${status} ${problem.kind}\r\ncontent-type: application/problem+json`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}
