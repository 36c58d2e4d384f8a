/** Who may do what: bearer tokens of `GATEWAY_TOKENS` and the table of roles. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GatewayToken, Role } from '../config.js';
import type { MessageName } from '../deal/messages.js';
import { Problem } from './problem.js';

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

export interface Caller {
  role: Role;
  name: string;
  /** False for the developer of a gateway without tokens, who may speak in any name. */
  named: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; its roles are in `MAY`. Without it the route is open. */
    deed?: Deed;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export function may(caller: Caller, deed: Deed): boolean {
  const roles: readonly Role[] = MAY[deed];
  return roles.includes(caller.role);
}

/** The caller of a route that names a deed: such a route is never reached without one. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Problem(401, 'unauthorized', 'Send a token: Authorization: Bearer <token>.');
  return request.caller;
}

/** Checks every request to a route with a deed before its body is read. `tokens` null: only direct calls from this machine, as operator "dev". */
export function guardRoutes(app: FastifyInstance, tokens: readonly GatewayToken[] | null): void {
  const known = (tokens ?? []).map(({ token, role, name }) => ({
    hash: hashOf(token),
    caller: { role, name, named: true },
  }));

  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const { deed } = request.routeOptions.config;
    if (deed === undefined) return;
    request.caller = tokens ? callerByToken(request) : developerAt(request);
    if (!may(request.caller, deed)) {
      const roles = MAY[deed].join(' or ');
      throw new Problem(403, 'forbidden', `The role ${request.caller.role} may not ${deed}; it takes ${roles}.`);
    }
  });

  function callerByToken(request: FastifyRequest): Caller {
    const given = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      throw unauthorized(
        'Send a token of GATEWAY_TOKENS: Authorization: Bearer <token>.',
        'Bearer realm="countersign"',
      );
    }
    const hash = hashOf(given);
    let caller: Caller | undefined;
    // All are compared, whichever fits, so that the time tells nothing.
    for (const candidate of known) if (timingSafeEqual(candidate.hash, hash)) caller = candidate.caller;
    if (caller) return caller;
    throw unauthorized(
      'The token is not one of GATEWAY_TOKENS. Check it, or ask an operator for one.',
      'Bearer realm="countersign", error="invalid_token"',
    );
  }
}

/** Hashes are of one length, so comparing them takes the same time for any token. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
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
