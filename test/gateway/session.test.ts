import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSession, readSession, TokenTooLong } from '../../src/gateway/session.js';
import { createIdentities, fingerprintOf, type TokenReader } from '../../src/gateway/identity.js';
import { aGateway, paperDeals, TOKENS } from './a-gateway.js';
import { aBrowser, aConsole, aConsoleWith, sessionOf, textOf, tokenOf } from './console/a-console.js';

const HOUR = 3_600_000;
const FUTURE = Date.parse('2026-03-01T12:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: FUTURE });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the login', () => {
  it('is where everybody without a session is led, and leads on to where they wanted to go', async () => {
    const browser = aBrowser(aGateway().app);
    const led = await browser.get('/console/deals?stage=in-review&age=1d');
    expect(led.statusCode).toBe(303);
    expect(led.headers.location).toBe('/console/login?next=%2Fconsole%2Fdeals%3Fstage%3Din-review%26age%3D1d');
    const form = await browser.get(String(led.headers.location));
    expect(form.body).toContain('value="/console/deals?stage=in-review&amp;age=1d"');
    const next = '/console/deals?stage=in-review&age=1d';
    const done = await browser.post('/console/login', { token: ` ${tokenOf('viewer')}\n`, next });
    expect([done.statusCode, done.headers.location]).toEqual([303, next]);
    expect((await browser.get('/console/deals')).statusCode).toBe(200);
  });

  it('keeps the session from scripts, from other sites and, over https, from plain http', async () => {
    const cookieOf = async (headers: Record<string, string>) => {
      const browser = aBrowser(aGateway().app);
      const answer = await browser.post('/console/login', { token: tokenOf('viewer') }, headers);
      return answer.cookies[0];
    };
    const direct = await cookieOf({ origin: 'http://ops.example:8080', host: 'ops.example:8080' });
    expect(direct).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', maxAge: 12 * 3600 });
    expect(direct?.secure).toBeUndefined();
    const secure = [
      { 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'https' },
      { 'sec-fetch-site': 'same-origin', forwarded: 'for=203.0.113.9;proto=https' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://ops.example' },
    ];
    for (const headers of secure) expect(await cookieOf(headers)).toMatchObject({ secure: true, httpOnly: true });
  });

  it('refuses a token that nobody has, after a moment, on the same page', async () => {
    const browser = aBrowser(aGateway().app);
    const begun = performance.now();
    const answer = await browser.post('/console/login', { token: 'a-guess', next: '/console/deals/42' });
    expect(performance.now() - begun).toBeGreaterThan(400);
    expect(answer.statusCode).toBe(401);
    expect(textOf(answer.body)).toContain('This token counts nowhere here');
    expect(answer.body).not.toContain('a-guess');
    expect(answer.body).toContain('name="next" value="/console/deals/42"');
    expect(answer.cookies).toEqual([]);
  });

  it("turns a program's token away with a clear word and without a session", async () => {
    const browser = aBrowser(aGateway().app);
    const answer = await browser.post('/console/login', { token: tokenOf('crm') });
    expect(answer.statusCode).toBe(403);
    expect(textOf(answer.body)).toContain('The role crm may not read a deal');
    expect(answer.cookies).toEqual([]);
  });

  it.each([
    'https://evil.example/',
    '//evil.example/console/deals',
    '/\\evil.example',
    '\\\\evil.example',
    '/console/../..//evil.example/',
    'javascript:alert(1)',
    '/deals/42',
    '/console/logout',
    '/console/login?next=/',
    'http://console.invalid:81/',
    '\t//evil.example',
  ])('leads to the queue instead of to %j', async (next) => {
    const browser = aBrowser(aGateway().app);
    const answer = await browser.post('/console/login', { token: tokenOf('viewer'), next });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/']);
  });

  it('ends with the logout', async () => {
    const console = await aConsole('operator');
    expect((await console.get('/')).body).toContain('Log out');
    expect((await console.post('/console/logout')).headers.location).toBe('/console/login');
    expect(sessionOf(console)).toBe('');
    expect((await console.get('/')).statusCode).toBe(303);
  });

  it('keeps no trace of a token in page, cookie or log', async () => {
    const console = await aConsole('operator');
    const { body } = await console.get('/');
    for (const text of [body, sessionOf(console), console.gateway.log()])
      expect(text).not.toContain(tokenOf('operator'));
  });
});

describe('a session', () => {
  it('holds for twelve hours', async () => {
    const console = await aConsole('viewer');
    vi.setSystemTime(FUTURE + 12 * HOUR - 1000);
    expect((await console.get('/')).statusCode).toBe(200);
    vi.setSystemTime(FUTURE + 12 * HOUR);
    expect((await console.get('/')).headers.location).toBe('/console/login');
  });

  it('is known to every gateway with the same tokens', async () => {
    const here = await aConsole('reviewer');
    const there = aBrowser(aGateway().app);
    there.cookies.set('countersign', sessionOf(here));
    expect(textOf((await there.get('/')).body)).toContain('rita reviewer');
  });

  it('ends with its token, and with the name of a token given to somebody else', async () => {
    const session = sessionOf(await aConsole('operator'));
    const tryWith = async (tokens: typeof TOKENS): Promise<number> => {
      const browser = aBrowser(aGateway({ tokens }).app);
      browser.cookies.set('countersign', session);
      return (await browser.get('/')).statusCode;
    };
    expect(await tryWith(TOKENS)).toBe(200);
    expect(await tryWith(TOKENS.filter(({ role }) => role !== 'operator'))).toBe(303);
    const rotated = TOKENS.map((token) =>
      token.role === 'operator' ? { ...token, token: 'another-token-0123456789' } : token,
    );
    expect(await tryWith(rotated)).toBe(303);
  });

  it('cannot be made, lengthened or turned into another', async () => {
    const console = await aConsole('viewer');
    const session = sessionOf(console);
    const [kind, fingerprint, expiry, mac = ''] = session.split('.');
    const operator = fingerprintOf(tokenOf('operator'));
    const forged = [
      `${kind}.${fingerprint}.${Number(expiry) + 1}.${mac}`,
      `${kind}.${operator}.${expiry}.${mac}`,
      `${kind}.${fingerprint}.0${expiry}.${mac}`,
      `${kind}.${fingerprint}.${expiry}.${mac.slice(1)}A`,
      `${kind}.${fingerprint}.${expiry}.`,
      `${kind}.${fingerprint}.${expiry}`,
      `j.${tokenOf('operator')}`,
      tokenOf('operator'),
      't..1.x',
      'j.',
      '%',
    ];
    for (const cookie of forged) {
      console.cookies.set('countersign', cookie);
      expect([cookie, (await console.get('/')).statusCode]).toEqual([cookie, 303]);
    }
    console.cookies.set('countersign', session);
    expect((await console.get('/')).statusCode).toBe(200);
  });

  it('never opens the JSON routes', async () => {
    const console = await aConsole('operator');
    expect((await console.get('/deals')).statusCode).toBe(401);
    expect((await console.post('/deals/42/resume')).statusCode).toBe(401);
  });

  it('is asked for once more when another site led here, since the browser then holds it back', async () => {
    const console = await aConsole('viewer');
    const session = sessionOf(console);
    console.cookies.clear();
    const url = '/console/deals/42?round=1';
    const led = await console.get(url, { 'sec-fetch-site': 'cross-site' });
    expect(led.statusCode).toBe(200);
    expect(led.body).toContain('<meta http-equiv="refresh" content="0; url=/console/deals/42?round=1"');
    expect(led.body).not.toContain('env-1');
    expect((await console.get(url, { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(303);
    console.cookies.set('countersign', session);
    expect((await console.get(url, { 'sec-fetch-site': 'same-origin' })).body).toContain('env-1');
  });

  it('that ended before a form was sent says that nothing was done', async () => {
    const console = await aConsole('operator');
    console.cookies.clear();
    const answer = await console.post('/console/deals/42/cancel', { reason: 'lost' });
    expect(answer.statusCode).toBe(401);
    expect(textOf(answer.body)).toContain('Your session has ended and nothing was done');
    expect(answer.body).toContain('name="next" value="/console/deals/42/cancel"');
    expect(console.gateway.deals.told).toEqual([]);
  });
});

describe("a session by the identity provider's token", () => {
  const jwt = 'aaaa.bbbb.cccc';
  const expires = FUTURE / 1000 + 600;
  const readJwt: TokenReader = async (token) => {
    const caller = { role: 'reviewer', name: 'ines', named: true } as const;
    return token === jwt && Date.now() < expires * 1000 ? { caller, expires } : null;
  };

  it('lasts as long as the token, and is checked at every request', async () => {
    const browser = aConsoleWith(paperDeals(), { readJwt });
    const answer = await browser.post('/console/login', { token: jwt });
    expect(answer.cookies[0]).toMatchObject({ maxAge: 600, httpOnly: true, sameSite: 'Strict' });
    expect(textOf((await browser.get('/')).body)).toContain('ines reviewer');
    vi.setSystemTime(FUTURE + 600_000);
    expect((await browser.get('/')).statusCode).toBe(303);
  });

  it('is refused with a reason when the token is too long for a cookie', async () => {
    const long = `aaaa.${'b'.repeat(4_000)}.cccc`;
    const identities = createIdentities([], async () => ({
      caller: { role: 'viewer', name: 'ines', named: true },
      expires,
    }));
    await expect(openSession(identities, long, FUTURE)).rejects.toThrow(TokenTooLong);
    const browser = aConsoleWith(paperDeals(), { readJwt: (token) => identities.callerOf(token) });
    const answer = await browser.post('/console/login', { token: long });
    expect(answer.statusCode).toBe(400);
    expect(textOf(answer.body)).toContain('at most 3800 fit');
  });

  it('is none for a token of the gateway that only looks like one', async () => {
    const token = { role: 'operator', name: 'olaf', token: 'looks.like-a.jwt-token-012345' } as const;
    const identities = createIdentities([token]);
    expect(await readSession(identities, `j.${token.token}`, FUTURE)).toBeNull();
  });
});
