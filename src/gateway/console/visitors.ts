/** Who visits the console: by the session, or by what the gateway knows without one. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerBehind, demand } from '../access.js';
import type { Caller, Identities } from '../identity.js';
import { Problem } from '../problem.js';
import type { Visitor } from './frame.js';
import { isLedFromElsewhere, isSameOrigin } from './same-origin.js';
import { readSession, SESSION_COOKIE } from '../session.js';

declare module 'fastify' {
  interface FastifyRequest {
    visitor: Visitor | null;
  }
}

/** There is no session: the visitor is to log in first. */
export class LoginNeeded extends Error {
  override readonly name = 'LoginNeeded';
}

/** Another site led here, so that the browser kept the session back: asked once more from here, it will send it. */
export class AskAgain extends Error {
  override readonly name = 'AskAgain';
}

/** Lets only requests go on that come from the console's own pages and from somebody who may look at deals. */
export function admit(identities: Identities | null) {
  return async (request: FastifyRequest): Promise<void> => {
    refuseForeignForms(request);
    request.visitor = await visitorOf(request, identities);
    request.caller = request.visitor.caller;
    demand(request.visitor.caller, 'read a deal');
  };
}

/** Throws the 403 for what a form of another site sent in the name of whoever is logged in here. */
export function refuseForeignForms(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD' || isSameOrigin(request)) return;
  throw new Problem(
    403,
    'foreign-form',
    'The form was not sent from a page of this console, so nothing was done. Open the page here and send it again. ' +
      'Programs use the routes of /openapi.json.',
  );
}

async function visitorOf(request: FastifyRequest, identities: Identities | null): Promise<Visitor> {
  // A proxy in front that knows its people sends their token along.
  if (!identities || request.headers.authorization !== undefined) {
    return { caller: await callerBehind(request, identities), session: false };
  }
  const cookie = request.cookies[SESSION_COOKIE];
  const caller = await readSession(identities, cookie, Date.now());
  if (caller) return { caller, session: true };
  if (cookie === undefined && request.method === 'GET' && isLedFromElsewhere(request)) throw new AskAgain();
  throw new LoginNeeded();
}

/** The visitor of a page that is never shown without one. */
export function visitorAt(request: FastifyRequest): Visitor & { caller: Caller } {
  if (!request.visitor) throw new LoginNeeded();
  return request.visitor;
}

export function forget(reply: FastifyReply, cookie: string, path: string): void {
  reply.clearCookie(cookie, { path, httpOnly: true, sameSite: 'strict' });
}
