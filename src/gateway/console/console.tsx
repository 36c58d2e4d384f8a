/**
 * The ops console: pages for the people who review drafts and rescue deals, made on the server. It has no way of its own to a deal: every
 * page asks the desk in its visitor's name.
 */
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isDealId } from '../../deal/ids.js';
import type { Desk } from '../desk.js';
import type { Caller, Identities } from '../identity.js';
import { logFailure, Problem, problemOf } from '../problem.js';
import { addActions } from './actions.js';
import { addAssets } from './assets.js';
import { ErrorPage, headingOf } from './error-page.js';
import { render } from './frame.js';
import type { TemporalUi } from './links.js';
import { addLogin, askToLogIn } from './login.js';
import { addPages } from './pages.js';
import { ownPath } from './same-origin.js';
import { admit, AskAgain, LoginNeeded } from './visitors.js';

export interface ConsoleParts {
  deskOf: (caller: Caller) => Desk;
  /** Null: only direct calls from this machine, which need no login. */
  identities: Identities | null;
  oidc: boolean;
  documentTypes: () => readonly string[];
  temporalUi: TemporalUi | null;
}

/** How often a page that stands in for an unreachable one looks again, in seconds. */
const LOOK_AGAIN = 5;

/** A scope of its own: cookies and forms are read here and nowhere else of the gateway. */
export function addConsole(app: FastifyInstance, { deskOf, identities, oidc, ...parts }: ConsoleParts): void {
  app.register(async (scope) => {
    await scope.register(cookie);
    await scope.register(formbody, { bodyLimit: 64 * 1024 });
    scope.decorateRequest('visitor', null);
    scope.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    scope.setErrorHandler((error, request, reply) => answer(error, request, reply, oidc));

    addAssets(scope);
    addLogin(scope, { identities, oidc });

    await scope.register(async (inner) => {
      inner.addHook('onRequest', async (request: FastifyRequest<{ Params: { dealId?: string } }>) => {
        const { dealId } = request.params;
        if (dealId !== undefined && isDealId(dealId)) request.about.dealId = dealId;
      });
      inner.addHook('onRequest', admit(identities));
      addPages(inner, { deskOf, ...parts });
      addActions(inner, deskOf);
      inner.get('/console', async (_request, reply) => reply.redirect('/', 303));
      inner.all('/console/*', async () => {
        throw new Problem(404, 'unknown-page', 'The console has no such page.');
      });
    });
  });
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply, oidc: boolean): FastifyReply {
  if (error instanceof LoginNeeded) return askToLogIn(request, reply, oidc);
  if (error instanceof AskAgain) return askAgain(request, reply);
  const problem = problemOf(error);
  logFailure(error, request);
  const away = problem.status === 503 && request.method === 'GET';
  const body = <ErrorPage problem={problem} requestId={request.id} />;
  const page = render({
    title: headingOf(problem),
    // A role that may not look at deals has a session to end all the same.
    visitor: request.visitor,
    body,
    ...(away && { refreshSeconds: LOOK_AGAIN, standIn: true }),
  });
  return reply.code(problem.status).headers(problem.headers).type('text/html; charset=utf-8').send(page);
}

function askAgain(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const onward = ownPath(request.url);
  const body = (
    <p>
      Opening … <a href={onward}>Go on</a>
    </p>
  );
  return reply.type('text/html; charset=utf-8').send(render({ title: 'Opening', visitor: null, body, onward }));
}
