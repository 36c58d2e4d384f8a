import { readFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MockAgent } from 'undici';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DocusignCall } from '../../src/docusign/account.js';
import { fingerprintOf } from '../../src/docusign/fingerprints.js';
import { json } from '../signing/local-atlas.js';
import { ownCertificate } from './own-certificate.js';
import {
  ACCOUNT,
  accountAt,
  aDocusign,
  aLog,
  anAccount,
  docusignErrorOf,
  ENVELOPE,
  KEY,
  LIST,
  PKCS1,
  READ,
  settingsFor,
  TOKEN,
  USER,
  wholeText,
} from './local-docusign.js';

afterEach(() => vi.unstubAllEnvs());

const ROOT = `/restapi/v2.1/accounts/${ACCOUNT}`;
const OTHER = '6a6a6a6a-83c3-4940-af5e-cda8a50dd73f';

/** DocuSign's own login host, which names this account; no other host is reached but those a test adds. */
function loginSaying(account: ReturnType<typeof accountAt>): MockAgent {
  const mock = new MockAgent();
  mock.disableNetConnect();
  onTestFinished(() => mock.close());
  const auth = mock.get('https://account-d.docusign.com');
  auth.intercept({ path: '/oauth/token', method: 'POST' }).reply(200, { access_token: TOKEN, expires_in: 3600 });
  auth.intercept({ path: '/oauth/userinfo' }).reply(200, { accounts: [account] });
  return mock;
}

describe('a call', () => {
  it('goes to its API with token, query and body', async () => {
    const server = await aDocusign({ call: (_asked, response) => json(response, 201, { envelopeId: ENVELOPE }) });
    const account = anAccount(await settingsFor(server.url));
    const body = { emailSubject: 'Größe' };
    const answer = await account.call({ ...LIST, method: 'POST', query: { merge: 'a b&c' }, body });
    await account.call({
      api: 'monitor',
      method: 'GET',
      path: '/api/v2.0/datasets/monitor/stream?limit=1',
      query: { cursor: 'x' },
    });
    await account.call({ api: 'admin', method: 'GET', path: '/management/v2/organizations/o/users' });
    expect(answer.status).toBe(201);
    expect(answer.json()).toEqual({ envelopeId: ENVELOPE });
    const [first, ...others] = server.calls();
    expect(first).toMatchObject({ method: 'POST', url: `${ROOT}/envelopes?merge=a+b%26c` });
    expect(first?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}1`,
      'content-type': 'application/json',
      accept: 'application/json',
    });
    expect(JSON.parse(first?.body.toString() ?? '')).toEqual(body);
    expect(others.map(({ url }) => url)).toEqual([
      '/api/v2.0/datasets/monitor/stream?limit=1&cursor=x',
      '/management/v2/organizations/o/users',
    ]);
  });

  it('answers bytes as they are', async () => {
    const server = await aDocusign({ call: (_asked, response) => response.end(Buffer.from([0, 255, 10])) });
    const answer = await anAccount(await settingsFor(server.url)).call({ ...LIST, accept: 'application/pdf' });
    expect([...answer.bytes]).toEqual([0, 255, 10]);
    expect(() => answer.json()).toThrow(expect.objectContaining({ kind: 'unreadable' }) as Error);
    expect(server.calls()[0]?.headers.accept).toBe('application/pdf');
  });

  it.each<[number, unknown, string, string | undefined]>([
    [
      400,
      { errorCode: 'ENVELOPE_CANNOT_VOID_INVALID_STATE', message: 'by ada@example.com' },
      'invalid',
      'ENVELOPE_CANNOT_VOID_INVALID_STATE',
    ],
    [400, { errorCode: 'Envelope_Does_Not_Exist' }, 'not-found', 'ENVELOPE_DOES_NOT_EXIST'],
    [401, { errorCode: 'USER_LACKS_PERMISSIONS' }, 'forbidden', 'USER_LACKS_PERMISSIONS'],
    [403, '', 'forbidden', undefined],
    [403, { error: 'access_denied', error_description: 'ada@example.com' }, 'forbidden', 'ACCESS_DENIED'],
    [404, '<html>ada@example.com</html>', 'not-found', undefined],
    [415, { errorCode: 'ada@example.com may not' }, 'invalid', undefined],
    [429, { errorCode: 'RECIPIENT_LIMIT_EXCEEDED' }, 'invalid', 'RECIPIENT_LIMIT_EXCEEDED'],
    [302, '', 'unreadable', undefined],
    [408, '', 'unavailable', undefined],
    [444, '', 'unavailable', undefined],
    [500, '<html>ada@example.com</html>', 'unavailable', undefined],
    [503, { errorCode: 'USER_LACKS_PERMISSIONS' }, 'unavailable', 'USER_LACKS_PERMISSIONS'],
  ])('that is answered %d %o is %s, and asked once', async (status, body, kind, code) => {
    const server = await aDocusign({
      call: (_asked, response) =>
        response
          .writeHead(status, { location: 'http://127.0.0.1:1/' })
          .end(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call(READ));
    expect(error).toMatchObject({ kind, code, status });
    expect(error.message).toContain('GET /envelopes/{id}');
    expect(wholeText(error)).not.toMatch(new RegExp(`ada@|${TOKEN}|${ENVELOPE}|${ACCOUNT}|${KEY}|${USER}`));
    expect(server.calls()).toHaveLength(1);
  });

  it('without a whole answer is unreachable, and not repeated', async () => {
    const server = await aDocusign({
      call: (_asked, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"id":');
        setImmediate(() => response.destroy());
      },
    });
    const error = await docusignErrorOf(
      anAccount(await settingsFor(server.url)).call({ ...LIST, method: 'POST', body: {} }),
    );
    expect(error.kind).toBe('unreachable');
    expect(server.calls()).toHaveLength(1);
  });

  it('ends at its time limit, however the answer drips', async () => {
    const server = await aDocusign({
      call: (_asked, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
    });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call({ ...LIST, callMs: 300 }));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('time limit of the whole call');
  });

  it('takes no more of an answer than it was told to', async () => {
    const server = await aDocusign({ call: (_asked, response) => response.end('x'.repeat(2_000)) });
    const account = anAccount(await settingsFor(server.url));
    expect((await account.call({ ...LIST, maxBytes: 2_000 })).bytes).toHaveLength(2_000);
    expect(await docusignErrorOf(account.call({ ...LIST, maxBytes: 1_999 }))).toMatchObject({ kind: 'too-large' });
  });
});

describe('addresses', () => {
  it('are followed whole when they are of the API’s own host', async () => {
    const server = await aDocusign();
    const account = anAccount(await settingsFor(server.url));
    await account.call({
      api: 'admin',
      method: 'GET',
      path: `${server.url}/management/v2/organizations/o/users?start=250&take=250`,
    });
    expect(server.calls()[0]?.url).toBe('/management/v2/organizations/o/users?start=250&take=250');
  });

  it.each<DocusignCall['path']>([
    'http://127.0.0.1:1/management/v2/organizations/o/users',
    'https://api-d.docusign.net.evil.example/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'envelopes',
    '/../../../oauth/userinfo',
    '/envelopes/%2e%2e/%2e%2e/other/envelopes',
    '/envelopes/..\\..\\other',
  ])('%s gets no token', async (path) => {
    const server = await aDocusign();
    const account = anAccount(await settingsFor(server.url));
    const error = await docusignErrorOf(account.call({ api: 'esignature', method: 'GET', path }));
    expect(error.kind).toBe('invalid');
    expect(server.calls()).toEqual([]);
  });

  it('with a user in them are refused', async () => {
    const server = await aDocusign();
    const path = server.url.replace('http://', 'http://someone@');
    const error = await docusignErrorOf(
      anAccount(await settingsFor(server.url)).call({ api: 'admin', method: 'GET', path }),
    );
    expect(error.kind).toBe('invalid');
  });
});

describe('the account that signs', () => {
  const accounts = (...entries: object[]) => ({
    userinfo: (_asked: unknown, response: Parameters<typeof json>[0]) => json(response, 200, { accounts: entries }),
  });

  it('is the default one, or that of the settings, each at its own base', async () => {
    const second = await aDocusign();
    const first = await aDocusign(
      accounts(accountAt('http://127.0.0.1:1', ACCOUNT), accountAt(second.url, OTHER, false)),
    );
    const settings = await settingsFor(first.url);
    const account = anAccount(settings);
    expect(await account.accountId()).toBe(ACCOUNT);
    expect(await account.accounts()).toMatchObject([
      { accountId: ACCOUNT, isDefault: true },
      { accountId: OTHER, isDefault: false },
    ]);
    await anAccount({ ...settings, accountId: OTHER.toUpperCase() }).call(LIST);
    expect(second.calls()[0]?.url).toBe(`/restapi/v2.1/accounts/${OTHER.toUpperCase()}/envelopes`);
    expect(first.userinfos()).toHaveLength(1);
  });

  it('that is none of the user’s is refused by the variable’s name', async () => {
    const server = await aDocusign();
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url, { accountId: OTHER })).call(LIST));
    expect(error).toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('DOCUSIGN_ACCOUNT_ID') as unknown,
    });
  });

  it('is asked for again after an hour', async () => {
    const server = await aDocusign();
    let now = Date.now();
    const account = anAccount(await settingsFor(server.url), { now: () => now });
    await account.call(LIST);
    now += 59 * 60_000;
    await account.call(LIST);
    expect(server.userinfos()).toHaveLength(1);
    now += 2 * 60_000;
    await account.call(LIST);
    expect(server.userinfos()).toHaveLength(2);
  });

  it('needs no question where its id and address are set', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url, { accountId: ACCOUNT });
    await anAccount({ ...settings, urls: { ...settings.urls, esign: server.url } }).call(LIST);
    expect(server.userinfos()).toEqual([]);
  });

  it('is read with a fresh token when the first is refused', async () => {
    let asked = 0;
    const server = await aDocusign({
      userinfo: (_asked, response) =>
        (asked += 1) === 1 ? json(response, 401, {}) : json(response, 200, { accounts: [accountAt(server.url)] }),
    });
    await anAccount(await settingsFor(server.url)).call(LIST);
    expect(server.logins()).toHaveLength(2);
  });

  it.each([
    'https://docusign.net.evil.example',
    'https://evildocusign.net',
    'http://demo.docusign.net',
    'https://someone:secret@demo.docusign.net',
    'https://127.0.0.1',
  ])('gets no token at %s', async (baseUri) => {
    const sent: string[] = [];
    const mock = loginSaying(accountAt(baseUri));
    mock
      .get(new URL(baseUri).origin)
      .intercept({ path: () => true })
      .reply(200, () => sent.push('token') && {});
    const settings = await settingsFor('https://account-d.docusign.com');
    const error = await docusignErrorOf(anAccount(settings, { dispatcher: mock }).call(LIST));
    expect(error).toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('host that is not DocuSign') as unknown,
    });
    expect(error.message).not.toContain('secret');
    expect(sent).toEqual([]);
  });

  it('gets its token at DocuSign’s own hosts', async () => {
    const mock = loginSaying(accountAt('https://eu.docusign.net'));
    mock
      .get('https://eu.docusign.net')
      .intercept({ path: `${ROOT}/envelopes` })
      .reply(200, { fine: true });
    const account = anAccount(await settingsFor('https://account-d.docusign.com'), { dispatcher: mock });
    expect((await account.call(LIST)).json()).toEqual({ fine: true });
  });
});

it('tells the organization, or which variable is missing', async () => {
  const settings = await settingsFor('http://127.0.0.1:1');
  expect(anAccount(settings).organizationId()).toBe(settings.organizationId);
  const without = anAccount({ ...settings, organizationId: null });
  expect(() => without.organizationId()).toThrow('DOCUSIGN_ORGANIZATION_ID');
  expect(without.apiKeyId).toBe(fingerprintOf(KEY.toUpperCase()));
  expect(without.apiKeyId).toMatch(/^[0-9a-f]{8}$/);
});

describe('reading one envelope', () => {
  it('is not repeated within 15 minutes, each resource for itself', async () => {
    const server = await aDocusign();
    let now = Date.now();
    const account = anAccount(await settingsFor(server.url), { now: () => now });
    await account.call(READ);
    await account.call({ ...READ, path: `${READ.path}/recipients` });
    await account.call({ ...READ, method: 'PUT', body: {} });
    now += 60_000;
    const error = await docusignErrorOf(
      account.call({
        ...READ,
        path: READ.path.toUpperCase().replace('ENVELOPES', 'envelopes'),
        query: { include: 'tabs' },
      }),
    );
    expect(error).toMatchObject({ kind: 'rate-limited', retryAfterMs: 14 * 60_000 });
    expect(error.message).not.toContain(ENVELOPE);
    now += 14 * 60_000;
    await account.call(READ);
    expect(server.calls()).toHaveLength(4);
  });

  it('may be repeated when no whole answer came, and lists always', async () => {
    let asked = 0;
    const server = await aDocusign({
      call: (_asked, response) => {
        asked += 1;
        if (asked === 1) response.destroy();
        else if (asked === 2) json(response, 503, {});
        else if (asked === 3) response.end('x'.repeat(100));
        else json(response, 200, {});
      },
    });
    const account = anAccount(await settingsFor(server.url));
    expect(await docusignErrorOf(account.call(READ))).toMatchObject({ kind: 'unreachable' });
    expect(await docusignErrorOf(account.call(READ))).toMatchObject({ kind: 'unavailable' });
    expect(await docusignErrorOf(account.call({ ...READ, maxBytes: 10 }))).toMatchObject({ kind: 'too-large' });
    await account.call(READ);
    await account.call(LIST);
    await account.call(LIST);
    await account.call({ ...LIST, path: '/envelopes/status' });
    await account.call({ ...LIST, path: '/envelopes/status' });
    expect(await docusignErrorOf(account.call(READ))).toMatchObject({ kind: 'rate-limited' });
  });

  it('is not done twice at the same time', async () => {
    const server = await aDocusign({ call: (_asked, response) => setTimeout(() => json(response, 200, {}), 50) });
    const account = anAccount(await settingsFor(server.url));
    await account.call(LIST);
    const outcomes = await Promise.allSettled([account.call(READ), account.call(READ), account.call(READ)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(server.calls()).toHaveLength(2);
  });
});

describe('connections', () => {
  const environment = { environment: 'production' as const };
  async function aProxy(): Promise<{ url: string; targets: string[] }> {
    const targets: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      targets.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    return { url: `http://user:hush@127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets };
  }

  it('go by the proxy of HTTPS_PROXY, whose password stays out of errors', async () => {
    const proxy = await aProxy();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const error = await docusignErrorOf(
      anAccount(await settingsFor('https://docusign.invalid', environment)).call(LIST),
    );
    expect(error.kind).toBe('unreachable');
    expect(proxy.targets).toEqual(['docusign.invalid:443']);
    expect(wholeText(error)).not.toContain('hush');
  });

  it('go straight to hosts of NO_PROXY', async () => {
    const proxy = await aProxy();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', 'localhost');
    expect(await docusignErrorOf(anAccount(await settingsFor('https://localhost:1')).call(LIST))).toMatchObject({
      kind: 'unreachable',
    });
    expect(proxy.targets).toEqual([]);
  });

  it('to a host with a certificate of its own are made only where that was asked for, and loudly', async () => {
    let logins = 0;
    const server = createTlsServer(ownCertificate(), (_request, response) => {
      logins += 1;
      json(response, 400, { error: 'consent_required' });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const settings = await settingsFor(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const log = aLog();
    expect(await docusignErrorOf(anAccount(settings, { log }).call(LIST))).toMatchObject({ kind: 'unreachable' });
    expect([logins, log.lines]).toEqual([0, []]);
    const error = await docusignErrorOf(anAccount({ ...settings, trustAnyCertificate: true }, { log }).call(LIST));
    expect(error).toMatchObject({ kind: 'login', code: 'CONSENT_REQUIRED' });
    expect(log.lines).toEqual([expect.stringContaining('DOCUSIGN_TRUST_ANY_CERTIFICATE is on')]);
  });
});

it('leaves neither key nor token nor id in log, call log and errors', async () => {
  const server = await aDocusign({
    call: (asked, response) =>
      json(response, asked.url.includes('users') ? 400 : 401, {
        errorCode: 'AUTHORIZATION_INVALID_TOKEN',
        message: 'ada@example.com',
      }),
  });
  const settings = await settingsFor(server.url);
  const log = aLog();
  const account = anAccount(settings, { log });
  const errors = [
    await docusignErrorOf(account.call(READ)),
    await docusignErrorOf(account.call({ ...READ, path: '/users/ada@example.com' })),
    await docusignErrorOf(account.call({ ...READ, path: `/envelopes?search_text=ada@example.com` })),
  ];
  const told = [
    ...log.lines,
    ...errors.map(wholeText),
    await readFile(join(settings.folder, 'calls.ndjson'), 'utf8'),
  ].join('\n');
  expect(told).toContain('/users/{id}');
  const pem = PKCS1.split('\n').slice(1, 4).join('|').replaceAll(/[+/]/g, '\\$&');
  expect(told).not.toMatch(new RegExp(`${TOKEN}|${pem}|eyJ|ada@|${ENVELOPE}|${ACCOUNT}|${KEY}|${USER}`));
});
