/** The authentication service: consent, JWT grant, userinfo. */
import { createPublicKey } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { Refusal } from './refusal.js';
import type { Tokens } from './tokens.js';
import type { IntegrationKey, StandInContext } from './world.js';

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface Login {
  context: StandInContext;
  keys: readonly IntegrationKey[];
  tokens: Tokens;
  /** Calls of `/oauth/userinfo`. */
  userinfoCalls: number;
}

export function addOAuth(app: FastifyInstance, login: Login): void {
  const { context, tokens } = login;

  /** The person at the browser is the one of `?login_hint`, else the first user; there is no page to click through. */
  app.get('/oauth/auth', async (request, reply) => {
    const query = queryOf(request);
    const key = login.keys.find(({ key }) => key === query.get('client_id'));
    const redirect = query.get('redirect_uri') ?? '';
    if (!key) throw new Refusal(400, 'invalid_request', 'The client id provided is not registered with Docusign');
    if (!key.redirectUris.includes(redirect))
      throw new Refusal(400, 'invalid_request', 'The redirect URI is not registered properly with Docusign');
    if (query.get('response_type') !== 'code') throw new Refusal(400, 'unsupported_response_type');
    const scopes = scopesOf(query.get('scope'));
    const adminScopes = scopesOf(query.get('admin_consent_scope'));
    if (scopes.length === 0) throw new Refusal(400, 'invalid_scope');
    const hint = query.get('login_hint');
    const user = context.users.find(({ email, userId }) => hint === null || hint === email || hint === userId);
    if (!user) throw new Refusal(400, 'invalid_request', 'user_not_found');
    if (adminScopes.length > 0) {
      // An administrator of external applications asks for openid alone and names what all users of the domain are to grant.
      if (scopes.join(' ') !== 'openid') throw new Refusal(400, 'invalid_scope');
      if (!user.isAdmin) throw new Refusal(403, 'access_denied');
      for (const { userId } of context.users) tokens.consent(key.key, userId, adminScopes);
    } else {
      tokens.consent(key.key, user.userId, scopes);
    }
    const back = new URL(redirect);
    back.searchParams.set('code', 'a-code-that-nobody-exchanges');
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    return reply.redirect(back.toString());
  });

  app.post('/oauth/token', async (request, reply) => {
    if (!(request.body instanceof URLSearchParams)) throw new Refusal(400, 'invalid_request', 'form_expected');
    if (request.body.get('grant_type') !== JWT_GRANT) throw grant('unsupported_grant_type');
    const answer = await exchange(login, request.body.get('assertion') ?? '', hostOf(request));
    return reply.header('cache-control', 'no-store').send(answer);
  });

  app.get('/oauth/userinfo', async (request, reply) => {
    login.userinfoCalls += 1;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const bearer = tokens.holder(token);
    const user = context.users.find(({ userId }) => userId === bearer?.userId);
    if (!user) throw new Refusal(401, 'invalid_token');
    const [given = '', ...family] = user.name.split(' ');
    return reply.send({
      sub: user.userId,
      name: user.name,
      given_name: given,
      family_name: family.join(' '),
      created: '2020-01-01T00:00:00.0000000Z',
      email: user.email,
      accounts: user.accountIds.flatMap((accountId, index) => accountEntry(context, accountId, index === 0)),
    });
  });
}

function accountEntry(context: StandInContext, accountId: string, isDefault: boolean): Record<string, unknown>[] {
  const account = context.accounts.find((candidate) => candidate.accountId === accountId);
  if (!account) return [];
  return [
    {
      account_id: accountId,
      is_default: isDefault,
      account_name: account.name,
      base_uri: account.site === '' ? context.url() : `${context.url()}/${account.site}`,
      ...(account.organizationId !== null && {
        organization: {
          organization_id: account.organizationId,
          links: [{ rel: 'self', href: `${context.url()}/organizations/${account.organizationId}` }],
        },
      }),
    },
  ];
}

async function exchange(login: Login, assertion: string, host: string): Promise<Record<string, unknown>> {
  const { context, tokens } = login;
  const { claims, algorithm } = unverified(assertion);
  const key = login.keys.find(({ key }) => key === claims.iss);
  // A key of another environment, which is what a wrong audience tells, is as unknown as one of nobody.
  if (!key || (claims.aud !== host && claims.aud !== host.replace(/:\d+$/, ''))) throw grant('issuer_not_found');
  if (algorithm !== 'RS256' || !(await signedByOneOf(assertion, key))) throw grant('no_valid_keys_or_signatures');
  const now = Math.floor(context.now() / 1000);
  if (typeof claims.exp !== 'number' || claims.exp <= now) throw grant('expired_token');
  if (typeof claims.iat === 'number' && claims.iat > now + context.switches.clock_skew_seconds)
    throw grant('no_valid_keys_or_signatures');
  const user = context.users.find(({ userId }) => userId.toLowerCase() === String(claims.sub ?? '').toLowerCase());
  if (!user) throw grant('user_not_found');
  const scopes = scopesOf(typeof claims['scope'] === 'string' ? claims['scope'] : null);
  if (scopes.length === 0) throw new Refusal(400, 'invalid_scope');
  const impersonates = scopes.includes('impersonation') || !context.switches.impersonation_required;
  if (!impersonates || !tokens.agreed(key.key, user.userId, scopes)) throw new Refusal(400, 'consent_required');
  tokens.issued += 1;
  const seconds = context.switches.token_seconds;
  return {
    access_token: tokens.issue(key.key, user, scopes, seconds),
    token_type: 'Bearer',
    expires_in: seconds,
    ...(context.switches.token_scope && { scope: scopes.join(' ') }),
  };
}

function unverified(assertion: string): { claims: ReturnType<typeof decodeJwt>; algorithm: string | undefined } {
  try {
    return { claims: decodeJwt(assertion), algorithm: decodeProtectedHeader(assertion).alg };
  } catch {
    throw grant('invalid_assertion');
  }
}

async function signedByOneOf(assertion: string, key: IntegrationKey): Promise<boolean> {
  for (const pem of key.publicKeys) {
    // Times are judged by the stand-in's own clock, so this one is to find every assertion current.
    const claims = decodeJwt(assertion);
    const currentDate = new Date(((claims.exp ?? Date.now() / 1000) - 1) * 1000);
    const verified = await jwtVerify(assertion, createPublicKey(pem), { algorithms: ['RS256'], currentDate }).then(
      () => true,
      () => false,
    );
    if (verified) return true;
  }
  return false;
}

function grant(description: string): Refusal {
  return new Refusal(400, 'invalid_grant', description);
}

function scopesOf(text: string | null): string[] {
  return (text ?? '').split(' ').filter((scope) => scope !== '');
}

/** What an assertion's `aud` must be: the host without scheme or slash. */
function hostOf(request: FastifyRequest): string {
  return request.headers.host ?? '';
}

function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://stand-in').searchParams;
}
