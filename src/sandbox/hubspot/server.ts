/** A stand-in for HubSpot: one account in memory behind the part of its API that Countersign calls, with its webhooks. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Account, type Happening } from './account.js';
import { Faults, type Fault } from './faults.js';
import { DOCUMENTED, RateLimiter, type Limits } from './limits.js';
import { invalid, missingScope, Refusal } from './refusal.js';
import { ROUTES, type Call, type Route, type Settings } from './routes.js';
import { Webhooks } from './webhooks.js';

export interface HubSpotOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  token?: string;
  scopes?: readonly string[];
  /** Ids of the deal stages of its one pipeline. */
  stages?: readonly string[];
  limits?: Partial<Limits>;
  /** How far the search is behind the records. */
  searchDelayMs?: number;
  maxFileBytes?: number;
}

export interface HubSpot {
  url: string;
  token: string;
  account: Account;
  webhooks: Webhooks;
  faults: Faults;
  limiter: RateLimiter;
  settings: Settings;
  /** `METHOD /path` of every call, refused ones too. */
  calls: string[];
  close(): Promise<void>;
}

export const SCOPES = [
  'crm.objects.deals.read',
  'crm.objects.deals.write',
  'crm.objects.contacts.read',
  'crm.objects.contacts.write',
  'files',
];

const MOST_BODY_BYTES = 32 * 1024 * 1024;

export async function startHubSpot(options: HubSpotOptions = {}): Promise<HubSpot> {
  const token = options.token ?? 'pat-eu1-a-token-of-the-stand-in';
  const scopes = options.scopes ?? SCOPES;
  const stages = options.stages ?? ['qualified', 'contractrequested', 'contractsent', 'closedwon', 'closedlost'];
  const webhooks = new Webhooks();
  const account = new Account(stages, (happening: Happening) => webhooks.tell(happening));
  const faults = new Faults();
  const limiter = new RateLimiter({ ...DOCUMENTED, ...options.limits });
  const settings = {
    searchDelayMs: options.searchDelayMs ?? 0,
    maxFileBytes: options.maxFileBytes ?? 20 * 1024 * 1024,
  };
  const calls: string[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    const name = `${request.method} ${pathname}`;
    calls.push(name);
    const fault = faults.take(name);
    if (fault?.when === 'before') return fail(response, fault);
    const call = { query: searchParams, contentType: request.headers['content-type'] ?? '', body };
    const answer = await answered(request, pathname, call);
    if (fault) return fail(response, fault);
    send(response, answer.status, answer.headers, JSON.stringify(answer.body));
  }

  async function answered(
    request: IncomingMessage,
    pathname: string,
    call: Omit<Call, 'params'>,
  ): Promise<{ status: number; headers: Record<string, string>; body: unknown }> {
    let headers: Record<string, string> = {};
    try {
      if (request.headers.authorization !== `Bearer ${token}`) throw unauthenticated();
      headers = limiter.count(pathname.endsWith('/deals/search'));
      const { route, params } = routeFor(request.method ?? '', pathname);
      if (route.scope !== null && !scopes.includes(route.scope)) throw missingScope(route.scope);
      if (call.body.length > MOST_BODY_BYTES) throw new Refusal(413, 'VALIDATION_ERROR', 'The body is too large');
      return { headers, ...(await route.answer(account, { ...call, params }, settings)) };
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL_ERROR', String(error));
      return { status: refusal.status, headers: { ...headers, ...refusal.headers }, body: refusal.body() };
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    token,
    account,
    webhooks,
    faults,
    limiter,
    settings,
    calls,
    async close() {
      await webhooks.stop();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function routeFor(method: string, pathname: string): { route: Route; params: string[] } {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(pathname) : null;
    if (match) return { route, params: match.slice(1).map(decoded) };
  }
  throw new Refusal(404, 'NOT_FOUND', 'Unable to match incoming request to a route');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('The address is not well formed');
  }
}

function unauthenticated(): Refusal {
  return new Refusal(
    401,
    'INVALID_AUTHENTICATION',
    'Authentication credentials not found. This API supports OAuth 2.0 authentication.',
  );
}

function fail(response: ServerResponse, { as }: Fault): void {
  if (as === 'silence') return;
  if (as === 'hang-up') response.destroy();
  else
    send(response, as.status, { 'content-type': as.contentType ?? 'application/json', ...as.headers }, as.body ?? '{}');
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', ...headers }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const incoming: AsyncIterable<Buffer> = request;
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}
