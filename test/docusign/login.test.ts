import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { forgetLogins } from '../../src/docusign/login.js';
import { readPrivateKey } from '../../src/docusign/private-key.js';
import { json, type Asked } from '../signing/local-atlas.js';
import {
  aDocusign,
  aFolder,
  aLog,
  anAccount,
  docusignErrorOf,
  granted,
  KEY,
  LIST,
  PKCS1,
  PKCS8,
  PUBLIC_KEY,
  settingsFor,
  TOKEN,
  USER,
  wholeText,
} from './local-docusign.js';

const HOUR = 3_600_000;
const assertionOf = ({ body }: Asked): string => new URLSearchParams(body.toString()).get('assertion') ?? '';
const bearerOf = (asked: Asked | undefined): string | undefined => asked?.headers.authorization;

describe('the private key', () => {
  const oneLine = PKCS1.trim().replaceAll('\n', ' ');
  const escaped = PKCS8.trim().replaceAll('\n', '\\n');
  const windows = PKCS8.replaceAll('\n', '\r\n');

  it.each([
    ['PKCS#1', PKCS1],
    ['PKCS#8', PKCS8],
    ['line breaks that became spaces', oneLine],
    ['line breaks that became \\n', escaped],
    ['Windows line ends', windows],
  ])('is taken as %s', (_form, pem) => {
    expect(readPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' })).toBe(PKCS8);
  });

  it.each([
    ['no PEM', 'hello-SECRET-'.repeat(6)],
    ['half a key', PKCS1.slice(0, 200)],
    ['a public key', PUBLIC_KEY.export({ type: 'spki', format: 'pem' }).toString()],
    [
      'a key of another kind',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    [
      'a key that is too short',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ type: 'pkcs1', format: 'pem' })
        .toString(),
    ],
  ])('is refused, and not told, when it is %s', async (_what, pem) => {
    const settings = await settingsFor('http://127.0.0.1:1', { privateKey: pem });
    const error = await docusignErrorOf(Promise.resolve().then(() => anAccount(settings)));
    expect(error).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('DOCUSIGN_PRIVATE_KEY') as unknown,
    });
    expect(wholeText(error)).not.toContain(pem.slice(30, 60));
  });
});

describe('the assertion', () => {
  it('says who asks, for whom, and for 10 minutes at most', async () => {
    const server = await aDocusign();
    await anAccount(await settingsFor(server.url)).call(LIST);
    const [login] = server.logins();
    const assertion = assertionOf(login as Asked);
    expect(login?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(new URLSearchParams(login?.body.toString()).get('grant_type')).toBe(
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    );
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'RS256', typ: 'JWT' });
    const { payload } = await jwtVerify(assertion, PUBLIC_KEY);
    expect(payload).toMatchObject({
      iss: KEY,
      sub: USER,
      aud: new URL(server.url).host,
      scope: 'signature impersonation',
    });
    const now = Date.now() / 1000;
    expect(payload.iat).toBeLessThan(now - 30);
    expect(payload.exp).toBeGreaterThan(now + 60);
    expect((payload.exp ?? Infinity) - (payload.iat ?? 0)).toBeLessThanOrEqual(600);
  });

  it('asks for what the feeds need', async () => {
    const server = await aDocusign();
    await anAccount(await settingsFor(server.url, { feeds: ['audit-users', 'customer-events'] })).call(LIST);
    const { payload } = await jwtVerify(assertionOf(server.logins()[0] as Asked), PUBLIC_KEY);
    expect(payload['scope']).toBe('signature impersonation user_read organization_read');
  });

  it('goes by DocuSign’s clock once that turns out to be another one', async () => {
    const ahead = 15 * 60_000;
    const server = await aDocusign({
      login: (_asked, response, number) => {
        const headers = { date: new Date(Date.now() - ahead).toUTCString() };
        if (number === 1)
          json(response, 400, { error: 'invalid_grant', error_description: 'no_valid_keys_or_signatures' }, headers);
        else json(response, 200, { access_token: TOKEN, expires_in: 3600 }, headers);
      },
    });
    const log = aLog();
    await anAccount(await settingsFor(server.url), { log }).call(LIST);
    const [, second] = server.logins();
    const { payload } = await jwtVerify(assertionOf(second as Asked), PUBLIC_KEY, {
      currentDate: new Date(Date.now() - ahead),
    });
    expect(Number(payload.iat) * 1000).toBeLessThan(Date.now() - ahead);
    expect(server.logins()).toHaveLength(2);
    expect(log.lines.join()).toContain('clock differs');
  });

  it('keeps to its own clock where that is taken, whatever DocuSign’s looks like', async () => {
    const wrong = new Date(Date.now() - HOUR).toUTCString();
    const server = await aDocusign({
      login: (_asked, response) => json(response, 200, { access_token: TOKEN, expires_in: 3600 }, { date: wrong }),
    });
    const settings = await settingsFor(server.url);
    const account = anAccount(settings);
    await account.call(LIST);
    await forgetLogins(settings);
    await account.call(LIST);
    for (const login of server.logins()) await jwtVerify(assertionOf(login), PUBLIC_KEY);
    expect(server.logins()).toHaveLength(2);
  });

  it('tells of the clock when that does not help', async () => {
    const headers = { date: new Date(Date.now() - HOUR).toUTCString() };
    const server = await aDocusign({
      login: (_asked, response) =>
        json(response, 400, { error: 'invalid_grant', error_description: 'no_valid_keys_or_signatures' }, headers),
    });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call(LIST));
    expect(error.message).toMatch(/DOCUSIGN_PRIVATE_KEY.*clock is 3\d{3} s ahead of DocuSign’s/);
    expect(server.logins()).toHaveLength(2);
  });
});

describe('a token', () => {
  it('is asked for once by 20 calls that come together, and again by none after them', async () => {
    const server = await aDocusign({
      login: (_asked, response, number) => setTimeout(() => granted(response, `${TOKEN}${number}`), 50),
    });
    const account = anAccount(await settingsFor(server.url));
    await Promise.all(Array.from({ length: 20 }, () => account.call(LIST)));
    await account.call(LIST);
    expect(server.logins()).toHaveLength(1);
    expect(server.userinfos()).toHaveLength(1);
    expect(new Set(server.calls().map(bearerOf))).toEqual(new Set([`Bearer ${TOKEN}1`]));
  });

  it('is renewed once when it is refused to 20 calls, which all succeed', async () => {
    const server = await aDocusign({
      call: (asked, response) =>
        bearerOf(asked) === `Bearer ${TOKEN}1`
          ? json(response, 401, { errorCode: 'AUTHORIZATION_INVALID_TOKEN', message: 'ada@example.com' })
          : json(response, 200, {}),
    });
    const account = anAccount(await settingsFor(server.url));
    await Promise.all(Array.from({ length: 20 }, () => account.call(LIST)));
    expect(server.logins()).toHaveLength(2);
  });

  it('that is refused fresh, too, is an error and no loop', async () => {
    const server = await aDocusign({
      call: (_asked, response) => json(response, 401, { errorCode: 'AUTHORIZATION_INVALID_TOKEN' }),
    });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call(LIST));
    expect(error).toMatchObject({ kind: 'login', status: 401, code: 'AUTHORIZATION_INVALID_TOKEN' });
    expect([server.logins().length, server.calls().length]).toEqual([2, 2]);
  });

  it('is renewed 10 minutes before its end', async () => {
    const server = await aDocusign();
    let now = Date.now();
    const account = anAccount(await settingsFor(server.url), { now: () => now });
    await account.call(LIST);
    now += 49 * 60_000;
    await account.call(LIST);
    expect(server.logins()).toHaveLength(1);
    now += 2 * 60_000;
    await account.call(LIST);
    expect(bearerOf(server.calls().at(-1))).toBe(`Bearer ${TOKEN}2`);
  });

  it('holds on while its renewal fails, until its end', async () => {
    const server = await aDocusign({
      login: (_asked, response, number) => (number === 1 ? granted(response, TOKEN) : json(response, 503, {})),
    });
    let now = Date.now();
    const account = anAccount(await settingsFor(server.url), { now: () => now });
    await account.call(LIST);
    now += 55 * 60_000;
    await account.call(LIST);
    await account.call(LIST);
    expect(server.logins()).toHaveLength(2);
    now += 5 * 60_000;
    expect(await docusignErrorOf(account.call(LIST))).toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['without a scope', {}],
    ['with an empty one', { scope: null }],
    ['with its seconds as text', { expires_in: '3600' }],
  ])('is taken from an answer %s', async (_what, more) => {
    const server = await aDocusign({ login: (_asked, response) => granted(response, TOKEN, 3600, more) });
    expect((await anAccount(await settingsFor(server.url)).call(LIST)).status).toBe(200);
  });

  it.each([
    ['no token', { expires_in: 3600 }],
    ['no end', { access_token: TOKEN }],
    ['a token that would break a header', { access_token: `${TOKEN}\r\nx: y`, expires_in: 3600 }],
  ])('is not taken from an answer with %s', async (_what, body) => {
    const server = await aDocusign({ login: (_asked, response) => json(response, 200, body) });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call(LIST));
    expect(error.kind).toBe('unreadable');
    expect(wholeText(error)).not.toContain(TOKEN);
  });
});

describe('the shared token', () => {
  it('serves the next process, sealed and readable by its owner only', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url);
    await anAccount(settings).call(LIST);
    await anAccount(settings).call(LIST);
    expect([server.logins().length, server.userinfos().length]).toEqual([1, 1]);

    const names = await readdir(settings.folder);
    expect(names.filter((name) => name.endsWith('.sealed'))).toHaveLength(2);
    for (const name of names) {
      expect((await stat(join(settings.folder, name))).mode & 0o777).toBe(0o600);
      const text = (await readFile(join(settings.folder, name))).toString('latin1');
      expect(text).not.toMatch(new RegExp(`${TOKEN}|PRIVATE|${KEY}|${USER}|Ada`));
    }
  });

  it.each([
    ['another user', { userId: KEY }],
    ['another environment', { environment: 'production' as const }],
    ['more scopes', { feeds: ['audit-users' as const] }],
    [
      'another private key',
      {
        privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 })
          .privateKey.export({ type: 'pkcs1', format: 'pem' })
          .toString(),
      },
    ],
  ])('does not serve %s', async (_what, changed) => {
    const server = await aDocusign();
    const folder = await aFolder();
    await anAccount(await settingsFor(server.url, { folder })).call(LIST);
    await anAccount(await settingsFor(server.url, { folder, ...changed })).call(LIST);
    expect(server.logins()).toHaveLength(2);
  });

  it('that was forgotten is used no more by a process that runs', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url);
    const running = anAccount(settings);
    await running.call(LIST);
    expect(await forgetLogins(settings)).toBe(2);
    await running.call(LIST);
    expect(server.calls().map(bearerOf)).toEqual([`Bearer ${TOKEN}1`, `Bearer ${TOKEN}2`]);
    expect(await forgetLogins(settings)).toBe(1);
    expect(await forgetLogins(settings)).toBe(0);
  });

  it('that another process has renewed is taken over', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url);
    const running = anAccount(settings);
    await running.call(LIST);
    await forgetLogins(settings);
    await anAccount(settings).call(LIST);
    await running.call(LIST);
    expect(server.logins()).toHaveLength(2);
    expect(bearerOf(server.calls().at(-1))).toBe(`Bearer ${TOKEN}2`);
  });

  it('that is damaged is replaced', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url);
    await anAccount(settings).call(LIST);
    for (const name of await readdir(settings.folder))
      if (name.endsWith('.sealed')) await writeFile(join(settings.folder, name), 'xx');
    await anAccount(settings).call(LIST);
    expect(server.logins()).toHaveLength(2);
  });

  it('is done without where the folder cannot be written, with one word in the log', async () => {
    const server = await aDocusign();
    const file = join(await aFolder(), 'file');
    await writeFile(file, '');
    const log = aLog();
    const account = anAccount(await settingsFor(server.url, { folder: join(file, 'folder') }), { log });
    await account.call(LIST);
    await account.call(LIST);
    expect(server.logins()).toHaveLength(1);
    expect(log.lines).toHaveLength(2);
    expect(log.lines.join()).toMatch(/cannot be kept.*ENOTDIR|cannot be noted.*ENOTDIR/);
  });
});

describe('a refused login', () => {
  it.each([
    [{ error: 'consent_required' }, 'CONSENT_REQUIRED', 'countersign docusign consent-url'],
    [
      { error: 'invalid_grant', error_description: 'issuer_not_found' },
      'ISSUER_NOT_FOUND',
      'DOCUSIGN_INTEGRATION_KEY is not known in the developer',
    ],
    [
      { error: 'invalid_grant', error_description: 'no_valid_keys_or_signatures' },
      'NO_VALID_KEYS_OR_SIGNATURES',
      'DOCUSIGN_PRIVATE_KEY',
    ],
    [{ error: 'invalid_grant', error_description: 'user_not_found' }, 'USER_NOT_FOUND', 'DOCUSIGN_USER_ID'],
    [{ error: 'invalid_scope' }, 'INVALID_SCOPE', 'DOCUSIGN_FEEDS'],
    [{ error: 'unauthorized_client' }, 'UNAUTHORIZED_CLIENT', 'RSA key pair'],
    [
      { error: 'invalid_grant', error_description: 'unsupported_grant_type' },
      'UNSUPPORTED_GRANT_TYPE',
      'DOCUSIGN_AUTH_URL',
    ],
    [
      { error: 'never_heard_of', error_description: 'ada@example.com is not welcome' },
      'NEVER_HEARD_OF',
      'DOCUSIGN_ENV',
    ],
    [{ error: 'invalid_grant', error_description: 'Ada Example left' }, 'INVALID_GRANT', 'DOCUSIGN_ENV'],
    ['<html>ada@example.com</html>', undefined, 'DOCUSIGN_ENV'],
  ])('%o says what to do', async (body, code, todo) => {
    const server = await aDocusign({
      login: (_asked, response) => response.writeHead(400).end(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    const error = await docusignErrorOf(anAccount(await settingsFor(server.url)).call(LIST));
    expect(error).toMatchObject({ kind: 'login', code, status: 400 });
    expect(error.message).toContain(todo);
    expect(error.message).not.toContain('\n');
    expect(wholeText(error)).not.toMatch(/ada@|Ada|PRIVATE KEY|eyJ/);
    expect(server.calls()).toEqual([]);
  });

  it.each([
    [503, 'unavailable'],
    [429, 'rate-limited'],
    [302, 'login'],
  ])('%d is %s', async (status, kind) => {
    const server = await aDocusign({
      login: (_asked, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
    });
    expect(await docusignErrorOf(anAccount(await settingsFor(server.url)).call(LIST))).toMatchObject({ kind });
    expect(server.asked).toHaveLength(1);
  });

  it('is unreachable when nobody answers, and the next call tries again', async () => {
    const server = await aDocusign({
      login: (_asked, response, number) => (number === 1 ? response.destroy() : granted(response, TOKEN)),
    });
    const account = anAccount(await settingsFor(server.url));
    expect(await docusignErrorOf(account.call(LIST))).toMatchObject({ kind: 'unreachable' });
    await account.call(LIST);
    expect(server.logins()).toHaveLength(2);
  });
});
