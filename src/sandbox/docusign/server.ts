/** A stand-in for DocuSign: login, eSignature, Connect, Monitor and Admin behind one address, in memory. */
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { addAdmin } from './admin.js';
import { Connect } from './connect.js';
import { addControl } from './control.js';
import { DEFAULT_ACCOUNTS, DEFAULT_USERS } from './defaults.js';
import { addDocumentRoutes } from './document-routes.js';
import { addEnvelopeRoutes } from './envelope-routes.js';
import { Envelopes } from './envelopes.js';
import { Notices } from './notices.js';
import { Signing } from './signing.js';
import { addFaults } from './failing.js';
import { Faults } from './faults.js';
import { Limits } from './limits.js';
import { addMonitor } from './monitor.js';
import { addOAuth, type Login } from './oauth.js';
import { pathOf, routePath, siteOf } from './paths.js';
import { invalidToken, Refusal } from './refusal.js';
import { addSenderView } from './sender-view.js';
import { switchesSchema, type Switches } from './settings.js';
import { Templates } from './templates.js';
import { addTemplateRoutes } from './template-routes.js';
import { Tokens } from './tokens.js';
import { addUserRoutes, plainDetails } from './user-routes.js';
import type { Bearer, IntegrationKey, StandInAccount, StandInContext, StandInUser } from './world.js';

export type { Bearer, IntegrationKey, StandInAccount, StandInContext, StandInUser } from './world.js';
export type { Switches } from './settings.js';

export interface DocusignOptions {
  host?: string;
  /** 0, the default, takes a free port. */
  port?: number;
  /** Where others reach it; by default host and port. */
  publicUrl?: string | null;
  integrationKeys: IntegrationKey[];
  /** One administrator by default, of both accounts. */
  users?: StandInUser[];
  accounts?: StandInAccount[];
  /** Scopes that every user has agreed to for every key; by default all that Countersign asks for. Empty: nobody was asked yet. */
  consent?: readonly string[];
  settings?: Partial<Switches>;
}

export interface DocusignSandbox {
  /** Every host of DocuSign's: login, Monitor, Admin, and the base of the accounts' addresses. No slash at the end. */
  url: string;
  accounts: readonly StandInAccount[];
  users: readonly StandInUser[];
  switches: Switches;
  faults: Faults;
  envelopes: Envelopes;
  templates: Templates;
  connect: Connect;
  limits: Limits;
  tokens: Tokens;
  /** What `GET /_sandbox/docusign/state` tells. */
  state(): Record<string, unknown>;
  /** Puts the clock ahead. */
  advance(ms: number): void;
  /** Ends listener, timers and connections; a second call does nothing. */
  stop(): Promise<void>;
}

const ALL_SCOPES = ['signature', 'impersonation', 'user_read', 'organization_read'];
/** An HTTP request's largest body, bytes (eSignature rules and limits). */
const MAX_BODY_BYTES = 35_651_584;

export async function startDocusignSandbox(options: DocusignOptions): Promise<DocusignSandbox> {
  const users = options.users ?? DEFAULT_USERS;
  const accounts = options.accounts ?? DEFAULT_ACCOUNTS;
  const switches = switchesSchema.parse(options.settings ?? {});
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  let url = '';

  const limits = new Limits(switches, now);
  const tokens = new Tokens(now);
  const faults = new Faults();
  const connect = new Connect(switches, faults, now);
  const templates = new Templates(now);
  const notices = new Notices(connect, users);
  const envelopes = new Envelopes(switches, templates, notices, new Signing(switches, notices, now), now);
  for (const { key } of options.integrationKeys)
    for (const { userId } of users) tokens.consent(key, userId, options.consent ?? ALL_SCOPES);

  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    rewriteUrl: (request) => routePath(request.url ?? '/', request.headers),
  });
  const callers = new WeakMap<FastifyRequest, Bearer>();
  const stopped = new AbortController();

  const context: StandInContext = {
    app,
    switches,
    users,
    accounts,
    now,
    url: () => url,
    userDetails: { of: (_accountId, userId) => plainDetails(users, userId) },
    counts: new Map(),
    bearer: (request) => {
      const known = callers.get(request);
      if (known) return known;
      const bearer = holder(request);
      if (!bearer) throw invalidToken();
      callers.set(request, bearer);
      limits.count(accountOf(request, bearer));
      return bearer;
    },
  };
  const holder = (request: FastifyRequest): Bearer | null =>
    tokens.holder(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  const login: Login = { context, keys: options.integrationKeys, tokens, userinfoCalls: 0 };

  function accountOf(request: FastifyRequest, bearer: Bearer): string {
    return /\/accounts\/([^/]+)/.exec(pathOf(request))?.[1] ?? bearer.accountIds[0] ?? '';
  }

  const state = (): Record<string, unknown> => ({
    ...envelopes.state(),
    tokensIssued: tokens.issued,
    userinfoCalls: login.userinfoCalls,
    violations: limits.violations,
    goLive: limits.readiness(),
    faults: Object.fromEntries(faults.happened),
    connect: connect.state(),
    ...Object.fromEntries([...context.counts].map(([name, count]) => [name, count()])),
  });

  readBodies(app);
  answerRefusals(app);
  app.addHook('onRequest', async (_request, reply) => {
    // The stand-in's own clock, which may be ahead of the machine's.
    reply.header('date', new Date(now()).toUTCString());
  });
  addFaults(app, faults, switches, stopped.signal);
  app.addHook('onSend', async (request, reply, payload) => {
    const bearer = callers.get(request) ?? holder(request);
    if (!bearer || pathOf(request).startsWith('/oauth/')) return payload;
    reply.headers(limits.headers(accountOf(request, bearer)));
    if (pathOf(request).startsWith('/restapi/'))
      limits.reviewed(bearer.integrationKey, reply.statusCode >= 200 && reply.statusCode < 300);
    return payload;
  });

  const esignature = {
    context,
    envelopes,
    templates,
    /** The caller's account of the path, on the site that it belongs to. */
    account: (request: FastifyRequest): { bearer: Bearer; accountId: string } => {
      const bearer = context.bearer(request);
      const accountId = accountOf(request, bearer);
      const account = accounts.find((candidate) => candidate.accountId === accountId);
      if (!account || account.site !== siteOf(request) || !bearer.accountIds.includes(accountId))
        throw new Refusal(
          401,
          'USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT',
          'The specified User is not a member of the specified Account.',
        );
      if (!bearer.scopes.includes('signature'))
        throw new Refusal(
          403,
          'USER_LACKS_PERMISSIONS',
          'This user lacks sufficient permissions to access this resource.',
        );
      const resource = pathOf(request).replace(/^.*?\/accounts\/[^/]+/, '');
      const envelopeId = /^\/envelopes\/([0-9a-f-]{36})/i.exec(resource)?.[1];
      if (envelopeId)
        limits.countEnvelope(request.method, envelopeId.toLowerCase(), resource.toLowerCase(), bearer.integrationKey);
      return { bearer, accountId };
    },
  };

  addOAuth(app, login);
  addEnvelopeRoutes(esignature);
  addDocumentRoutes(esignature);
  addTemplateRoutes(esignature);
  addUserRoutes(esignature);
  addSenderView(esignature);
  addMonitor(context);
  addAdmin(context);
  const sandbox = {
    accounts,
    users,
    switches,
    faults,
    envelopes,
    templates,
    connect,
    limits,
    tokens,
    state,
    advance(ms: number) {
      ahead += ms;
    },
  };
  addControl(app, sandbox);

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    stopped.abort();
    await connect.stop();
    await app.close();
  };
  const host = options.host ?? '127.0.0.1';
  await app.listen({ host, port: options.port ?? 0 });
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  url = options.publicUrl ?? `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
  return {
    ...sandbox,
    url,
    stop: () => (stopping ??= stop()),
  };
}

function readBodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  );
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(String(body)));
    } catch {
      done(new Refusal(400, 'INVALID_REQUEST_BODY', 'The request body is missing or improperly formatted.'));
    }
  });
}

function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = error instanceof Refusal ? error : unexpected(error);
    return reply
      .code(refusal.status)
      .headers(refusal.headers)
      .send(refusal.bodyFor(pathOf(request)));
  });
  app.setNotFoundHandler(async () => {
    throw new Refusal(404, 'RESOURCE_NOT_FOUND', 'The URL provided does not resolve to a resource.');
  });
}

function unexpected(error: unknown): Refusal {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500)
    return new Refusal(status, 'INVALID_REQUEST_PARAMETER', 'The request is not valid.');
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return new Refusal(500, 'UNSPECIFIED_ERROR', 'An error occurred.');
}
