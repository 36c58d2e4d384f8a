import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_USERS } from '../../src/sandbox/docusign/defaults.js';
import {
  aClient,
  assertion,
  INTEGRATION_KEY,
  KEY_PAIR,
  REDIRECT,
  type Answer,
  type Client,
} from './docusign-client.js';

const USER = DEFAULT_USERS[0]?.userId ?? '';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

async function login(
  client: Client,
  claims: Record<string, unknown> = {},
  signing: Parameters<typeof assertion>[1] = {},
  grant = GRANT,
): Promise<Answer> {
  const aud = new URL(client.sandbox.url).host;
  const body = new URLSearchParams({
    grant_type: grant,
    assertion: await assertion({ sub: USER, aud, ...claims }, signing),
  });
  return client.fetch('POST', '/oauth/token', { body });
}

const bearer = (answer: Answer) => ({ authorization: `Bearer ${String(answer.body['access_token'])}` });

describe('the token endpoint', () => {
  it('gives a token for an hour, with its scopes unless it is told to leave them out', async () => {
    const client = await aClient();
    expect(await login(client)).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3600, scope: 'signature impersonation' },
    });
    await client.control('POST', '/settings', { token_scope: false });
    const without = await login(client);
    expect(without.status).toBe(200);
    expect(without.body).not.toHaveProperty('scope');
    expect(client.sandbox.state()).toMatchObject({ tokensIssued: 2 });
  });

  const now = Math.floor(Date.now() / 1000);
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  it.each([
    ['a key that nobody has registered', { iss: 'f0000000-2b4d-4f6a-8c3e-9d0b1a2f3e4c' }, {}, 'issuer_not_found'],
    ['another host for an audience', { aud: 'account.docusign.com' }, {}, 'issuer_not_found'],
    ['a scheme in the audience', { aud: 'https://account-d.docusign.com' }, {}, 'issuer_not_found'],
    ['a signature of another key', {}, { key: stranger }, 'no_valid_keys_or_signatures'],
    ['another algorithm', {}, { algorithm: 'PS256' }, 'no_valid_keys_or_signatures'],
    ['a clock that is ahead', { iat: now + 900, exp: now + 1500 }, {}, 'no_valid_keys_or_signatures'],
    ['an assertion that has expired', { exp: now - 1 }, {}, 'expired_token'],
    ['a user that is none', { sub: 'f0000000-5d86-4ea0-83fb-4b907d7e6c03' }, {}, 'user_not_found'],
  ])('refuses %s', async (_what, claims, signing, description) => {
    const client = await aClient();
    expect(await login(client, claims, { key: KEY_PAIR.privateKey, ...signing })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: description },
    });
    expect(client.sandbox.state()).toMatchObject({ tokensIssued: 0 });
  });

  it('refuses another grant, no scope, and an assertion that is none', async () => {
    const client = await aClient();
    expect((await login(client, {}, {}, 'authorization_code')).body).toMatchObject({
      error_description: 'unsupported_grant_type',
    });
    expect(await login(client, { scope: '' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    const body = new URLSearchParams({ grant_type: GRANT, assertion: 'x.y.z' });
    expect(await client.fetch('POST', '/oauth/token', { body })).toMatchObject({ status: 400 });
  });

  it('takes a clock that is a little ahead, by the tolerance of the day', async () => {
    const client = await aClient({ settings: { clock_skew_seconds: 1200 } });
    expect((await login(client, { iat: now + 900, exp: now + 1500 })).status).toBe(200);
  });

  it('tells consent_required until the person agreed to each scope, and again when it was withdrawn', async () => {
    const client = await aClient({ consent: [] });
    const refused = { status: 400, body: { error: 'consent_required' } };
    expect(await login(client)).toMatchObject(refused);
    const agree = (scope: string, redirect = REDIRECT, more = {}): Promise<Answer> =>
      client.fetch(
        'GET',
        `/oauth/auth?${new URLSearchParams({ response_type: 'code', scope, client_id: INTEGRATION_KEY, redirect_uri: redirect, ...more }).toString()}`,
      );
    expect((await agree('signature impersonation', 'https://elsewhere.example.com')).status).toBe(400);
    const agreed = await agree('signature impersonation', REDIRECT, { state: 's' });
    expect(agreed.status).toBe(302);
    expect(agreed.headers.get('location')).toMatch(/^https:\/\/countersign\.example\.com\/consent\?code=.+&state=s$/);
    expect((await login(client)).status).toBe(200);
    expect(await login(client, { scope: 'signature impersonation user_read' })).toMatchObject(refused);
    expect((await agree('openid', REDIRECT, { admin_consent_scope: 'user_read organization_read' })).status).toBe(302);
    expect((await login(client, { scope: 'signature impersonation user_read' })).status).toBe(200);
    await client.control('POST', '/consent', { integrationKey: INTEGRATION_KEY, userId: USER, scopes: null });
    expect(await login(client)).toMatchObject(refused);
  });
});

describe('a token', () => {
  it('ends by its time, and when it is revoked', async () => {
    const client = await aClient({ settings: { token_seconds: 60 } });
    const path = `/restapi/v2.1/accounts/${client.accountId}/templates`;
    const first = bearer(await login(client));
    expect((await client.fetch('GET', path, { headers: first })).status).toBe(200);
    await client.control('POST', '/clock', { advance_ms: 61_000 });
    const refused = { status: 401, body: { errorCode: 'AUTHORIZATION_INVALID_TOKEN' } };
    expect(await client.fetch('GET', path, { headers: first })).toMatchObject(refused);
    client.sandbox.tokens.revokeAll();
    expect(await client.fetch('GET', path, { headers: first })).toMatchObject(refused);
  });

  it('lets its owner into its own accounts only, each on its own site', async () => {
    const client = await aClient();
    const headers = bearer(await login(client));
    const { body } = await client.fetch('GET', '/oauth/userinfo', { headers });
    expect(body).toMatchObject({
      sub: USER,
      accounts: [
        { account_id: client.accountId, is_default: true, base_uri: client.sandbox.url },
        { is_default: false, base_uri: `${client.sandbox.url}/site-eu`, organization: {} },
      ],
    });
    const second = client.sandbox.accounts[1]?.accountId ?? '';
    const templates = (site: string, id: string): Promise<Answer> =>
      client.fetch('GET', `${site}/restapi/v2.1/accounts/${id}/templates`, { headers });
    expect((await templates('/site-eu', second)).status).toBe(200);
    for (const wrong of [templates('', second), templates('/site-eu', client.accountId), templates('', USER)])
      expect(await wrong).toMatchObject({
        status: 401,
        body: { errorCode: 'USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT' },
      });
    expect(client.sandbox.state()).toMatchObject({ userinfoCalls: 1 });
    expect((await client.fetch('GET', '/oauth/userinfo')).status).toBe(401);
  });
});
