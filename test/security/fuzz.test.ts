/** Rubbish at every route of the gateway, which are asked of the gateway itself: a new route is fuzzed without being listed here. */
import fc from 'fast-check';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSalesforceNotifications } from '../../src/crm/salesforce/notifications.js';
import { MAY } from '../../src/gateway/access.js';
import type { Route } from '../../src/gateway/app.js';
import { SESSION_COOKIE } from '../../src/gateway/session.js';
import {
  aGateway,
  aStart,
  aTemplatedStart,
  ATLAS_KEY,
  NO_LIMITS,
  SIGN_LINK,
  signatureOf,
  TOKENS,
  type AGateway,
} from '../gateway/a-gateway.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const TIME_MS = Number(process.env['FUZZ_MS'] ?? 6_000);

const CRM_SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ....').toString('base64')}`;
const CONNECT_KEY = 'connect-key-of-today';

let gateway: AGateway;
let routes: Route[];
const sessions = new Map<string, string>();

beforeAll(async () => {
  gateway = aGateway({
    limits: NO_LIMITS,
    connectKeys: [CONNECT_KEY],
    notifications: createSalesforceNotifications({ secret: CRM_SECRET, organizationId: '00D000000000001AAA' }),
    publicUrl: 'https://deals.example.com',
  });
  await gateway.app.ready();
  routes = [...gateway.app.routes];
  for (const { role, token } of TOKENS) {
    if (role === 'crm') continue;
    const answer = await gateway.app.inject({
      method: 'POST',
      url: '/console/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      payload: new URLSearchParams({ token }).toString(),
    });
    const [cookie] = answer.cookies;
    expect(cookie?.name).toBe(SESSION_COOKIE);
    sessions.set(role, `${SESSION_COOKIE}=${cookie?.value}`);
  }
});
afterAll(() => gateway.app.close());

const LONE_SURROGATE = '\ud800';
const nasty = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '\0',
  'a\r\nset-cookie: x=1',
  LONE_SURROGATE,
  '{{7*7}}',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '9'.repeat(400),
  '1e999',
  '-0',
);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }), nasty);
const dealId = fc.oneof({ weight: 3, arbitrary: fc.constant('42') }, { weight: 2, arbitrary: text });

/** A lone surrogate has no bytes. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** Percent-encoded, or now and then as it is. */
const inPath = fc
  .tuple(dealId, fc.integer({ min: 0, max: 9 }))
  .map(([id, raw]) => (raw === 0 ? id.replaceAll(/[^\x21-\x7e]|[?#]/g, '%') : encodeURIComponent(wellFormed(id))));

const polluted = fc
  .tuple(fc.constantFrom('__proto__', 'constructor'), fc.constantFrom('polluted', 'role', 'isAdmin'))
  .map(([key, name]) => {
    const poison = key === '__proto__' ? { [name]: true } : { prototype: { [name]: true } };
    return JSON.stringify({ ...aStart(), metadata: 'X' }).replace('"X"', `{"${key}":${JSON.stringify(poison)}}`);
  });
const deep = fc.constantFrom('[', '{"a":').map((open) => open.repeat(20_000));
const almost = fc
  .tuple(
    fc.constantFrom<Record<string, unknown>>(
      aStart(),
      aTemplatedStart(),
      { decision: 'approve', reviewer: 'rita', fieldsVersion: 1, note: 'n' },
      { reason: 'r', by: 'b', parties: [{ email: 'a@b.example' }] },
      { event: 'envelope.signed', envelope_id: 'env-1', metadata: { external_id: 'deal-42/r1' } },
      { event: 'envelope-completed', data: { envelopeId: 'env-1' } },
      { opportunityIds: ['006000000000001AAA'] },
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_deals', arguments: {} } },
    ),
    fc.option(fc.tuple(text, fc.jsonValue()), { nil: undefined }),
    fc.option(text, { nil: undefined }),
  )
  .map(([body, put, take]) => {
    const copy: Record<string, unknown> = { ...body };
    const names = Object.keys(copy);
    if (put) copy[put[0] in copy ? put[0] : (names[put[0].length % names.length] ?? '')] = put[1];
    if (take !== undefined) delete copy[names[take.length % names.length] ?? ''];
    return JSON.stringify(copy);
  });
const form = fc
  .array(fc.tuple(fc.oneof(text, fc.constantFrom('token', 'note', 'more', 'key', 'party-1-email', 'next')), text))
  .map((fields) => fields.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'));
const encode = (part: string): string => encodeURIComponent(wellFormed(part));

const payload = fc.oneof(
  { weight: 4, arbitrary: almost.map((body) => ({ type: 'application/json', body: Buffer.from(body) })) },
  { weight: 2, arbitrary: fc.json().map((body) => ({ type: 'application/json', body: Buffer.from(body) })) },
  {
    weight: 2,
    arbitrary: form.map((body) => ({ type: 'application/x-www-form-urlencoded', body: Buffer.from(body) })),
  },
  { weight: 1, arbitrary: polluted.map((body) => ({ type: 'application/json', body: Buffer.from(body) })) },
  { weight: 1, arbitrary: deep.map((body) => ({ type: 'application/json', body: Buffer.from(body) })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('application/json', 'text/plain', 'multipart/form-data; boundary=x', 'text/xml', '/', ''),
        fc.uint8Array(),
      )
      .map(([type, bytes]) => ({ type, body: Buffer.from(bytes) })),
  },
);

/** What Node lets a client send as the value of a header. */
const inHeader = text.map((value) => value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ''));

const request = fc.record({
  route: fc.nat(),
  method: fc.option(fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'), { freq: 6 }),
  id: inPath,
  query: fc.option(fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('round', 'stage', 'cursor', 'next', 'id')), text))),
  headers: fc.dictionary(
    fc.constantFrom(
      'x-request-id',
      'idempotency-key',
      'accept',
      'origin',
      'x-forwarded-for',
      'x-forwarded-host',
      'cookie',
      'forwarded',
    ),
    inHeader,
  ),
  who: fc.constantFrom(null, 'nobody', ...TOKENS.map(({ role }) => role)),
  session: fc.boolean(),
  signed: fc.boolean(),
  payload: fc.option(payload),
});

type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

const CONSOLE = /^\/(console(\/|$)|$)/;

async function ask({ route: at, method, id, query, headers, who, session, signed, payload }: Asked) {
  const route = routes[at % routes.length] ?? fail();
  const [first = 'GET'] = [route.method].flat();
  const path = route.url.replaceAll(/:\w+|\*/g, () => id);
  const search = query ? `?${query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}` : '';
  const body = payload?.body ?? Buffer.alloc(0);
  const token = who === 'nobody' ? 'no-token-of-this-gateway' : TOKENS.find(({ role }) => role === who)?.token;
  const bySession = session && who !== null && sessions.has(who) && CONSOLE.test(route.url);
  const answer = await gateway.app.inject({
    method: (method ?? first) as 'GET',
    url: `${path}${search}`,
    headers: {
      'sec-fetch-site': 'same-origin',
      ...headers,
      ...(payload && { 'content-type': payload.type }),
      ...(signed && { 'x-atlas-signature': signatureOf(body, ATLAS_KEY) }),
      ...(bySession ? { cookie: sessions.get(who) } : token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(payload && { payload: body }),
  });
  return { route, method: method ?? first, asItIs: method === null, answer };
}

function fail(): never {
  throw new Error('the gateway has no routes');
}

function expectDecent(answer: LightMyRequestResponse, onConsole: boolean, url: string): void {
  const { statusCode, headers, body } = answer;
  expect(statusCode).toBeLessThan(500);
  expect(body).not.toMatch(/\n\s+at .+:\d+:\d+|node_modules|\/src\/gateway\//);
  for (const secret of [...TOKENS.map(({ token }) => token), ATLAS_KEY, CONNECT_KEY, CRM_SECRET])
    expect(body.includes(secret) && !url.includes('login')).toBe(false);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['x-request-id']).toMatch(/^[\w.:-]{1,100}$/);
  expect(headers['set-cookie'] ?? '').not.toContain('x=1');
  if (statusCode < 400 || onConsole || body === '') return;
  // The protocol of assistants has errors of its own.
  if (url === '/mcp' && String(headers['content-type']).startsWith('application/json')) return;
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.json()).toMatchObject({ status: statusCode, requestId: headers['x-request-id'] });
}

describe('any request to any route', () => {
  it('is answered decently, and only to those who may', async () => {
    console.info(`fuzz: FUZZ_SEED=${SEED}`);
    const met = new Set<string>();
    let tries = 0;
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        tries += 1;
        const { route, method, asItIs, answer } = await ask(asked);
        met.add(`${method} ${route.url}`);
        expectDecent(answer, CONSOLE.test(route.url), route.url);
        if (!asItIs || route.deed === undefined) return;
        const roles: readonly string[] = MAY[route.deed];
        const plain = !route.url.includes(':') || asked.id === '42';
        if (asked.who === null || asked.who === 'nobody') {
          if (plain) expect(answer.statusCode).toBe(401);
          else expect([400, 401, 404, 414]).toContain(answer.statusCode);
        } else if (!roles.includes(asked.who)) {
          if (plain) expect(answer.statusCode).toBe(403);
          else expect([400, 403, 404, 414]).toContain(answer.statusCode);
          expect(answer.body).not.toContain(SIGN_LINK);
        } else {
          expect([401, 403].includes(answer.statusCode) && route.url !== '/mcp').toBe(false);
        }
      }),
      { seed: SEED, numRuns: 50_000, interruptAfterTimeLimit: TIME_MS, markInterruptAsFailure: false },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(tries).toBeGreaterThan(routes.length);
    expect(gateway.log()).not.toMatch(/"level":60|"msg":"[^"]*unforeseen/);
    for (const { token } of TOKENS) expect(gateway.log()).not.toContain(token);
    expect(met.size).toBeGreaterThan(routes.length / 2);
  }, 60_000);
});
