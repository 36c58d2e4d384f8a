/** Callers with tokens of the company's own identity provider, which is a small one on this machine. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/stack/ports.js';
import { aGateway, aStart, TOKENS, type AGateway } from './a-gateway.js';

const AUDIENCE = 'countersign';

let server: Server;
let issuer: string;
let keys: JWK[];
let signing: { key: CryptoKey; kid: string };
let asked: string[];
let discovery: Record<string, unknown>;
let gateway: AGateway;

async function aKey(kid: string): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  signing = { key: privateKey, kid };
  keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256' });
}

beforeEach(async () => {
  [keys, asked] = [[], []];
  await aKey('first');
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = request.url === '/keys' ? { keys } : discovery;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  discovery = { issuer, jwks_uri: `${issuer}/keys` };
  gateway = aGateway({ oidc: { issuer, audience: AUDIENCE, rolesClaim: 'realm.roles' } });
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

interface Claims {
  roles?: unknown;
  sub?: string;
  username?: string;
  audience?: string;
  from?: string;
  expires?: string;
}

function aToken({
  roles = ['operator'],
  sub = 'u-1',
  username,
  audience,
  from,
  expires,
}: Claims = {}): Promise<string> {
  return new SignJWT({ realm: { roles }, ...(username !== undefined && { preferred_username: username }) })
    .setProtectedHeader({ alg: 'RS256', kid: signing.kid })
    .setIssuer(from ?? issuer)
    .setAudience(audience ?? AUDIENCE)
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(expires ?? '5 minutes')
    .sign(signing.key);
}

const read = (token: string) => gateway.app.inject({ url: '/deals/42', headers: { authorization: `Bearer ${token}` } });

describe('a token of the identity provider', () => {
  it('acts in its name and by its role', async () => {
    const token = await aToken({ username: 'olaf@example.com' });
    const answer = await gateway.app.inject({
      method: 'POST',
      url: '/deals/42/cancel',
      headers: { authorization: `Bearer ${token}` },
      payload: { reason: 'lost', by: 'somebody else' },
    });
    expect(answer.statusCode).toBe(200);
    expect(gateway.deals.told).toMatchObject([{ message: { by: 'olaf@example.com', reason: 'lost' } }]);
    expect(gateway.log()).not.toContain('olaf');
  });

  it.each([
    [['viewer'], 200, null],
    ['reviewer', 200, 'link'],
    [['viewer', 'countersign:operator'], 200, 'link'],
    ['countersign-viewer something-else', 200, null],
    [['crm'], 403, undefined],
    [['admin'], 401, undefined],
    [null, 401, undefined],
    [{ operator: true }, 401, undefined],
  ])('with the roles %j gets %s', async (roles, status, link) => {
    const answer = await read(await aToken({ roles }));
    expect(answer.statusCode).toBe(status);
    if (status === 200) expect(answer.json<{ reviewUrl: string | null }>().reviewUrl === null).toBe(link === null);
  });

  it.each([
    ['of another audience', () => aToken({ audience: 'another-app' })],
    ['of another issuer', () => aToken({ from: 'https://elsewhere.example' })],
    ['that has expired', () => aToken({ expires: '-5 minutes' })],
    [
      'that nobody signed',
      async () =>
        new UnsecuredJWT({ realm: { roles: ['operator'] } })
          .setIssuer(issuer)
          .setAudience(AUDIENCE)
          .setSubject('u')
          .setExpirationTime('1h')
          .encode(),
    ],
    [
      'signed with the public key as a secret',
      async () =>
        new SignJWT({ realm: { roles: ['operator'] } })
          .setProtectedHeader({ alg: 'HS256', kid: 'first' })
          .setIssuer(issuer)
          .setAudience(AUDIENCE)
          .setSubject('u')
          .setExpirationTime('1h')
          .sign(new TextEncoder().encode(JSON.stringify(keys[0]))),
    ],
    ['whose text was changed', async () => (await aToken()).replace(/\.[^.]+\./, '.eyJzdWIiOiJ4In0.')],
    [
      'with a key of its own under a known name',
      async () => {
        signing.key = (await generateKeyPair('RS256')).privateKey;
        return aToken();
      },
    ],
  ])('%s is refused', async (_what, make) => {
    expect((await read(await make())).statusCode).toBe(401);
  });

  it('is checked without asking the provider again, until it names a new key', async () => {
    for (let time = 0; time < 5; time++) expect((await read(await aToken())).statusCode).toBe(200);
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('goes beside the tokens of GATEWAY_TOKENS', async () => {
    expect((await gateway.as('operator', { url: '/deals/42' })).statusCode).toBe(200);
    expect(TOKENS.length).toBeGreaterThan(0);
    expect(asked).toEqual([]);
  });

  it('alone is needed when there are no other tokens', async () => {
    const only = aGateway({ tokens: null, oidc: { issuer, audience: AUDIENCE, rolesClaim: 'realm.roles' } });
    expect((await only.app.inject({ method: 'POST', url: '/deals', payload: aStart() })).statusCode).toBe(401);
    const headers = { authorization: `Bearer ${await aToken()}` };
    expect((await only.app.inject({ method: 'POST', url: '/deals', headers, payload: aStart() })).statusCode).toBe(202);
  });
});

describe('an identity provider', () => {
  it('that is away makes its tokens wait, not fail', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    gateway = aGateway({ oidc: { issuer: away, audience: AUDIENCE, rolesClaim: 'realm.roles' } });
    const answer = await read(await aToken({ from: away }));
    expect(answer.json()).toMatchObject({ status: 503, type: 'urn:countersign:problem:identity-unavailable' });
    expect((await gateway.as('operator', { url: '/deals/42' })).statusCode).toBe(200);
  });

  it('whose discovery is of somebody else is not believed', async () => {
    discovery = { issuer: 'https://elsewhere.example', jwks_uri: `${issuer}/keys` };
    expect((await read(await aToken())).statusCode).toBe(503);
  });

  it('that is mended is asked again', async () => {
    const right = discovery;
    discovery = { nonsense: true };
    expect((await read(await aToken())).statusCode).toBe(503);
    discovery = right;
    expect((await read(await aToken())).statusCode).toBe(200);
  });
});
