/** Logging in and out. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { demand } from '../access.js';
import type { Identities } from '../identity.js';
import { textOf } from './action-form.js';
import { render } from './frame.js';
import { LoginPage, type LoginPageProps } from './login-page.js';
import { isSecure, ownPath } from './same-origin.js';
import { openSession, SESSION_COOKIE, TokenTooLong, type Session } from '../session.js';
import { forget, refuseForeignForms } from './visitors.js';

/** Guessing tokens is hopeless anyway; this keeps it from being a load. Milliseconds. */
const WRONG_TOKEN_MS = 500;

export interface LoginParts {
  /** Null: nobody needs to log in. */
  identities: Identities | null;
  oidc: boolean;
}

export function addLogin(app: FastifyInstance, { identities, oidc }: LoginParts): void {
  app.get('/console/login', async (request, reply) => {
    const next = ownPath(textOf(request.query, 'next'));
    return identities ? show(reply, 200, { next, oidc }) : reply.redirect(next, 303);
  });

  app.post('/console/login', async (request, reply) => {
    refuseForeignForms(request);
    const next = ownPath(textOf(request.body, 'next'));
    if (!identities) return reply.redirect(next, 303);
    const token = textOf(request.body, 'token').trim();
    let session: Session | null;
    try {
      session = await openSession(identities, token, Date.now());
    } catch (error) {
      if (error instanceof TokenTooLong) return show(reply, 400, { next, oidc, fault: error.message });
      throw error;
    }
    if (!session) {
      await wait(WRONG_TOKEN_MS);
      const fault = 'This token counts nowhere here. Look whether all of it was pasted.';
      return show(reply, 401, { next, oidc, fault });
    }
    // A program's token opens no console: told before there is a session that could not show anything.
    demand(session.caller, 'read a deal');
    request.caller = session.caller;
    const { cookie, maxAgeSeconds: maxAge } = session;
    return reply
      .setCookie(SESSION_COOKIE, cookie, {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: isSecure(request),
        maxAge,
      })
      .redirect(next, 303);
  });

  app.post('/console/logout', async (request, reply) => {
    refuseForeignForms(request);
    forget(reply, SESSION_COOKIE, '/');
    return reply.redirect('/console/login', 303);
  });
}

/** For whoever came without a session, or whose session ended. A form that came too late is to be filled in again. */
export function askToLogIn(request: FastifyRequest, reply: FastifyReply, oidc: boolean): FastifyReply {
  const next = ownPath(request.url);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return show(reply, 401, {
      next,
      oidc,
      fault: 'Your session has ended and nothing was done. Log in, then do it again.',
    });
  }
  return reply.redirect(next === '/' ? '/console/login' : `/console/login?next=${encodeURIComponent(next)}`, 303);
}

function show(reply: FastifyReply, status: number, props: LoginPageProps): FastifyReply {
  const page = render({ title: 'Log in', visitor: null, body: <LoginPage {...props} /> });
  return reply.code(status).type('text/html; charset=utf-8').send(page);
}
