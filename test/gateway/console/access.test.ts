import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/deal/messages.js';
import { aGateway, SIGN_LINK } from '../a-gateway.js';
import { aBrowser, aConsole, aSnapshot, textOf, tokenOf } from './a-console.js';

const PAGES = ['/', '/console/deals', '/console/deals/42', '/console/go?id=42'];

/** What each role finds to do on a deal that would take everything. */
const ACTIONS_OF = {
  viewer: [],
  reviewer: ['approve', 'reject'],
  operator: ['approve', 'reject', 'resume', 'remind', 'amend', 'cancel'],
};

describe.each(Object.entries(ACTIONS_OF))('a %s', (role, allowed) => {
  it('sees every page, with exactly the buttons of the role', async () => {
    const console = await aConsole(role);
    console.shows(aSnapshot('out-for-signature', { actions: [...ACTIONS] }));
    for (const url of PAGES) expect([url, (await console.get(url)).statusCode < 400]).toEqual([url, true]);
    const { body } = await console.get('/console/deals/42');
    const offered = [...body.matchAll(/(?:href|action)="\/console\/deals\/42\/(\w+)[?"]/g)].map(([, action]) => action);
    expect(offered).toEqual(allowed);
  });

  it.each(ACTIONS)('does %s only where the role may', async (action) => {
    const console = await aConsole(role);
    console.shows(aSnapshot('in-review', { actions: [...ACTIONS] }));
    const may = (allowed as readonly string[]).includes(action);
    expect((await console.get(`/console/deals/42/${action}`)).statusCode).toBe(may ? 200 : 403);
    const done = await console.post(`/console/deals/42/${action}`, { key: 'k', note: 'why', document: 'file:b.pdf' });
    expect(done.statusCode).toBe(may ? 303 : 403);
    expect(console.gateway.deals.told).toHaveLength(may ? 1 : 0);
    if (!may) expect(textOf(done.body)).toContain(`The role ${role} may not`);
  });

  it('sees the review link only with a role that may send, and the sign link only as an operator', async () => {
    const console = await aConsole(role);
    console.shows(aSnapshot('out-for-signature', { actions: [...ACTIONS] }));
    const urls = [...PAGES, ...ACTIONS.map((action) => `/console/deals/42/${action}`), '/console/deals/42/sign-link'];
    const pages: string[] = [];
    for (const url of urls) pages.push((await console.get(url)).body);
    expect(pages.some((page) => page.includes('rt=secret'))).toBe(role !== 'viewer');
    expect(pages.some((page) => page.includes(SIGN_LINK))).toBe(role === 'operator');
    expect(pages.some((page) => page.includes('/console/deals/42/sign-link'))).toBe(role === 'operator');
    expect(console.gateway.provider.asked.length > 0).toBe(role === 'operator');
  });
});

describe('a request with a token of its own', () => {
  it('needs no login: a proxy in front knows who it is', async () => {
    const gateway = aGateway();
    const { body, statusCode } = await gateway.as('reviewer', { url: '/' });
    expect(statusCode).toBe(200);
    expect(textOf(body)).toContain('rita reviewer');
    expect(body).not.toContain('Log out');
  });

  it('is refused on a page when the token is nobody’s or has another role', async () => {
    const gateway = aGateway();
    const stranger = await gateway.app.inject({ url: '/', headers: { authorization: 'Bearer nobodys-token' } });
    expect([stranger.statusCode, stranger.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(stranger.headers['www-authenticate']).toContain('invalid_token');
    const program = await gateway.as('crm', { url: '/console/deals' });
    expect(program.statusCode).toBe(403);
    expect(textOf(program.body)).toContain('Not for your role');
    expect(gateway.deals.listed).toEqual([]);
  });
});

describe('a gateway without tokens', () => {
  it('lets the developer of the machine in without a login, and nobody else', async () => {
    const browser = aBrowser(aGateway({ tokens: null }).app);
    const { body } = await browser.get('/', { host: 'localhost:8080' });
    expect(textOf(body)).toContain('dev no login');
    expect((await browser.get('/console/login', { host: 'localhost:8080' })).headers.location).toBe('/');
    expect((await browser.get('/', { host: 'tunnel.example' })).statusCode).toBe(401);
  });

  it('notes what the developer does under that name', async () => {
    const gateway = aGateway({ tokens: null });
    const host = { host: 'localhost:8080', 'sec-fetch-site': 'same-origin' };
    const done = await aBrowser(gateway.app).post('/console/deals/42/resume', { key: 'k' }, host);
    expect(done.statusCode).toBe(303);
    expect(gateway.deals.told).toMatchObject([{ name: 'resume', message: { by: 'dev' } }]);
  });
});

describe('a form of another site', () => {
  const POSTS = ['/console/login', '/console/logout', ...ACTIONS.map((action) => `/console/deals/42/${action}`)];

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:80' }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://localhost.evil.example' }],
    [{}],
  ])('does nothing: %j', async (headers) => {
    const console = await aConsole('operator');
    for (const url of POSTS) {
      const answer = await console.post(
        url,
        { key: 'k', note: 'why', token: tokenOf('viewer') },
        { host: 'localhost', ...headers },
      );
      expect([url, answer.statusCode]).toEqual([url, 403]);
      expect(textOf(answer.body)).toContain('The form was not sent from a page of this console');
      expect(answer.cookies).toEqual([]);
    }
    expect(console.gateway.deals.told).toEqual([]);
  });

  it.each([
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ origin: 'http://ops.example:8080', host: 'ops.example:8080' }],
    [{ origin: 'https://ops.example', host: 'gateway:8080', 'x-forwarded-host': 'ops.example' }],
  ])('is told from the console’s own by %j', async (headers) => {
    const console = await aConsole('operator');
    expect((await console.post('/console/deals/42/resume', { key: 'k' }, headers)).statusCode).toBe(303);
  });
});
