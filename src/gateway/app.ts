/** The gateway's HTTP server: what holds for every route, and the routes. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { PayloadCodec } from '@temporalio/common';
import type { GatewayToken, OidcSettings } from '../config.js';
import type { CrmNotifications } from '../crm/intake.js';
import type { Policy, ProviderName } from '../deal/policy.js';
import { guardRoutes, type Deed } from './access.js';
import { protectAnswers } from './answer-headers.js';
import { addConsole } from './console/console.js';
import type { TemporalUi } from './console/links.js';
import { addCodecRoutes } from './codec-routes.js';
import { addCrmWebhook } from './crm-webhook.js';
import { addDealRoutes } from './deal-routes.js';
import type { Deals } from './deals.js';
import { createDesk, type SignLinks } from './desk.js';
import { createDrain, type Drain } from './drain.js';
import { addHealthRoutes } from './health-routes.js';
import { createIdentities } from './identity.js';
import { LIMITS, limitRequests, type Limits } from './limits.js';
import { addAssistantRoutes } from './mcp/routes.js';
import { createMetrics, observeRequests, type Metrics } from './observe.js';
import { createOidc } from './oidc.js';
import { openapiWith } from './openapi.js';
import { addProviderWebhook } from './provider-webhook.js';
import { Problem, problemBody, sendProblem } from './problem.js';
import { atlasSender, docusignSender } from './webhook-senders.js';

const BODY_LIMIT = 1024 * 1024;
const HEADERS_LIMIT = 16 * 1024;
const NEVER_SNIFFED = { 'x-content-type-options': 'nosniff' };
/** Clients that open connections and say nothing hold each for `Patience.requestMs` only; this bounds how many do so at once. */
const MOST_CONNECTIONS = 5_000;

/** What the gateway answers to; `deed` names who may (`access.ts`). */
export interface Route {
  method: string | string[];
  url: string;
  deed: Deed | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** All there are, once the server is ready. */
    routes: readonly Route[];
  }
}

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
  limits?: Limits;
  /** Proxies that tell truly whom they forward for, by address or network; empty for none. */
  trustProxy?: readonly string[];
  /** Begun some time before `close()`, for load balancers. */
  drain?: Drain;
}

/** The server, not yet listening. `close()` stops accepting, lets requests under way finish and ends idle connections. */
export function createGateway(parts: GatewayParts): FastifyInstance {
  const { deals, signing, policies, tokens, oidc, logger, metrics = createMetrics() } = parts;
  const { atlasKeys, connectKeys = null } = parts;
  const identities = tokens || oidc ? createIdentities(tokens ?? [], oidc ? createOidc(oidc) : undefined) : null;
  const drain = parts.drain ?? createDrain();
  const { requestMs, idleMs } = parts.patience ?? { requestMs: 15_000, idleMs: 30_000 };

  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    bodyLimit: BODY_LIMIT,
    ...(parts.trustProxy?.length && { trustProxy: [...parts.trustProxy] }),
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // A silent connection ends after this long; longer than any answer takes.
    connectionTimeout: requestMs + idleMs,
    http: {
      headersTimeout: requestMs,
      connectionsCheckingInterval: Math.min(requestMs, 5_000),
      maxHeaderSize: HEADERS_LIMIT,
    },
    routerOptions: { maxParamLength: 200 },
    // No hook runs for a path that cannot be read.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(error, request, reply.headers({ 'x-request-id': request.id, ...NEVER_SNIFFED })),
    clientErrorHandler: refuseUnreadable,
    // What comes on a connection that is still open is answered: the one who sent it could not know.
    return503OnClosing: false,
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  // Text would otherwise be read as a string body, and a web page may send it anywhere without being asked.
  app.removeContentTypeParser('text/plain');

  const routes: Route[] = [];
  app.decorate('routes', routes);
  app.addHook('onRoute', ({ method, url, config }) => void routes.push({ method, url, deed: config?.deed }));
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  endConnections(app, drain);
  observeRequests(app, metrics);
  protectAnswers(app);
  limitRequests(app, parts.limits ?? LIMITS);
  // After the plugins above, so that refusals have their headers and are counted.
  app.after(() => guardRoutes(app, identities));
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
  addHealthRoutes(app, deals, metrics, drain);
  addCodecRoutes(app, { codec: parts.payloadCodec ?? null, origin: parts.codecCorsOrigin ?? null });
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

/**
 * From the drain on each answer is the last of its connection: the next request goes elsewhere, none is sent into a connection that is being
 * closed, and no idle one holds up the end of the process.
 */
function endConnections(app: FastifyInstance, drain: Drain): void {
  app.addHook('preClose', async () => drain.begin());
  app.addHook('onSend', async (_request, reply) => void (drain.begun() && reply.header('connection', 'close')));
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
  const requestId = randomUUID();
  const body = JSON.stringify(problemBody(problem, requestId));
  const headers = {
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    ...NEVER_SNIFFED,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${problem.kind}\r\n${lines.join('')}\r\n${body}`);
}
