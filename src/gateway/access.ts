/** Who may do what: the table of roles, and the guard that checks every request by it. */
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Role } from '../config.js';
import type { MessageName } from '../deal/messages.js';
import type { Caller, Identities } from './identity.js';
import { Problem } from './problem.js';
import { readSession, SESSION_COOKIE } from './session.js';

/** The roles that may do each thing. Everything not listed here is open to all: health, webhooks (their own signatures), openapi. */
export const MAY = {
  'start a deal': ['crm', 'operator'],
  'read a deal': ['viewer', 'reviewer', 'operator'],
  'see the review link': ['reviewer', 'operator'],
  'fetch the sign link': ['operator'],
  'review a deal': ['reviewer', 'operator'],
  // The CRM takes a deal back that was lost there or moved back.
  'cancel a deal': ['crm', 'operator'],
  'steer a deal': ['operator'],
  // All that there is on any deal is in them.
  'read payloads': ['operator'],
  // What each tool does is checked by itself.
  'talk to an assistant': ['crm', 'viewer', 'reviewer', 'operator'],
} as const satisfies Record<string, readonly Role[]>;

export type Deed = keyof typeof MAY;

/** What each message to a deal is. */
export const MESSAGE_DEEDS: Record<MessageName, Deed> = {
  review: 'review a deal',
  cancel: 'cancel a deal',
  amend: 'steer a deal',
  resume: 'steer a deal',
  remind: 'steer a deal',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; its roles are in `MAY`. Without it the route is open. */
    deed?: Deed;
    /** An origin whose pages may ask here in the session of whoever is logged in to the console. */
    sessionsFrom?: string | null;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export function may(caller: Caller, deed: Deed): boolean {
  const roles: readonly Role[] = MAY[deed];
  return roles.includes(caller.role);
}

/** Throws the 403 unless the caller's role may do it. */
export function demand(caller: Caller, deed: Deed): void {
  if (may(caller, deed)) return;
  const roles = MAY[deed].join(' or ');
  throw new Problem(403, 'forbidden', `The role ${caller.role} may not ${deed}; it takes ${roles}.`);
}

/** The caller of a route that names a deed: such a route is never reached without one. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Problem(401, 'unauthorized', 'Send a token: Authorization: Bearer <token>.');
  return request.caller;
}

/** Checks every request to a route with a deed before its body is read. `identities` null: only direct calls from this machine, as operator "dev". */
export function guardRoutes(app: FastifyInstance, identities: Identities | null): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const { deed, sessionsFrom = null } = request.routeOptions.config;
    if (deed === undefined) return;
    request.caller = (await inSession(request, identities, sessionsFrom)) ?? (await callerBehind(request, identities));
    demand(request.caller, deed);
  });
}

/** Who is logged in to the console in the browser that shows a page of this origin; null for every other request. */
async function inSession(
  { headers }: FastifyRequest,
  identities: Identities | null,
  origin: string | null,
): Promise<Caller | null> {
  const asked = origin !== null && headers.origin === origin && headers.authorization === undefined;
  if (!asked || !identities || headers.cookie === undefined) return null;
  return readSession(identities, cookie.fastifyCookie.parse(headers.cookie)[SESSION_COOKIE], Date.now());
}

/** The bearer of the request's token, or the developer of a gateway without tokens. Throws the 401. */
export async function callerBehind(request: FastifyRequest, identities: Identities | null): Promise<Caller> {
  if (!identities) return developerAt(request);
  const given = bearerOf(request);
  if (given === undefined) {
    throw unauthorized('Send a token of GATEWAY_TOKENS: Authorization: Bearer <token>.', 'Bearer realm="countersign"');
  }
  const identified = await identities.callerOf(given);
  if (identified) return identified.caller;
  throw unauthorized(
    'The token is not one of GATEWAY_TOKENS, or its role is none here. Check it, or ask an operator for one.',
    'Bearer realm="countersign", error="invalid_token"',
  );
}

export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function unauthorized(detail: string, challenge: string): Problem {
  return new Problem(401, 'unauthorized', detail, {}, { 'www-authenticate': challenge });
}

const DEVELOPER: Caller = { role: 'operator', name: 'dev', named: false };

/**
 * Without tokens whoever gets through is an operator. A tunnel or proxy to this machine (often opened for webhooks) and a web page that
 * resolves its own name to loopback would get through too: they are told by what they forward and by the host they ask for.
 */
function developerAt(request: FastifyRequest): Caller {
  const { headers } = request;
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'].some(
    (name) => headers[name] !== undefined,
  );
  const direct = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  if (direct && !forwarded) return DEVELOPER;
  throw unauthorized(
    'Without GATEWAY_TOKENS this gateway serves only direct calls from its own machine. Set GATEWAY_TOKENS to let others in.',
    'Bearer realm="countersign"',
  );
}
