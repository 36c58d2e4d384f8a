import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/deal/messages.js';
import { SCRIPT } from '../../../src/gateway/console/script.js';
import { STYLE } from '../../../src/gateway/console/style.js';
import { Problem } from '../../../src/gateway/problem.js';
import { paperDeals } from '../a-gateway.js';
import { aConsole, aConsoleWith, aLine, aSnapshot, tokenOf, type Browser } from './a-console.js';

const HOSTILE = `<img src=x onerror="alert(1)"> & "friends' </textarea><script>alert(2)</script>`;

/** Every text that comes from outside, hostile. */
async function aHostileConsole(): Promise<Browser> {
  const deals = paperDeals();
  const line = { documentType: HOSTILE, envelopeId: HOSTILE, dealId: HOSTILE, runId: HOSTILE };
  deals.answers.list = () => ({ deals: [aLine({ ...line, blocked: 'unexpected' }), aLine(line)], next: HOSTILE });
  deals.answers.read = () => ({
    kind: 'deal',
    snapshot: aSnapshot('out-for-signature', {
      documentType: HOSTILE,
      envelopeId: HOSTILE,
      reviewUrl: `javascript:alert('${HOSTILE}')`,
      waitingFor: HOSTILE,
      blocked: { reason: 'unexpected', since: HOSTILE, hint: HOSTILE, detail: HOSTILE },
      parties: [{ role: HOSTILE, order: 1, status: 'pending' }],
      replaced: [{ envelopeId: HOSTILE, revision: 1, at: HOSTILE, why: HOSTILE, by: HOSTILE }],
      signedPdf: { uri: `javascript:${HOSTILE}`, sha256: HOSTILE, bytes: 1, pages: 1 },
      timeline: [{ at: HOSTILE, what: HOSTILE, by: HOSTILE }],
      since: HOSTILE,
      actions: [...ACTIONS],
    }),
  });
  deals.answers.tell = () => {
    throw new Problem(422, 'invalid-body', HOSTILE, { errors: [{ path: HOSTILE, message: HOSTILE }] });
  };
  const browser = aConsoleWith(deals, { tokens: [{ role: 'operator', name: 'olaf', token: tokenOf('operator') }] });
  await browser.post('/console/login', { token: tokenOf('operator') });
  return browser;
}

const URLS = [
  '/',
  `/console/deals?stage=all&type=${encodeURIComponent(HOSTILE)}&cursor=${encodeURIComponent(HOSTILE)}`,
  '/console/deals/42',
  `/console/deals/${encodeURIComponent(HOSTILE.slice(0, 60))}`,
  `/console/go?id=${encodeURIComponent(HOSTILE)}`,
  `/console/login?next=${encodeURIComponent(`/console/${HOSTILE}`)}`,
  '/console/deals/42/sign-link',
  ...ACTIONS.map((action) => `/console/deals/42/${action}?fieldsVersion=${encodeURIComponent(HOSTILE)}`),
];

const FORM = {
  key: HOSTILE,
  note: HOSTILE,
  fieldsVersion: HOSTILE,
  document: HOSTILE,
  'party-1-email': HOSTILE,
  'party-1-name': HOSTILE,
  'party-1-role': HOSTILE,
  'party-1-order': HOSTILE,
  'party-1-kind': HOSTILE,
};

function expectHarmless(page: string): void {
  expect(page).not.toMatch(/<img|onerror="|<script>|alert\(2\)<\/script/);
  expect(page).not.toMatch(/(href|action|src)="(?!(\/|#|https?:|data:image))/);
  expect(page.match(/<script/g)).toHaveLength(1);
  // Attributes, apart from what stands between their quotes.
  const tags = page.match(/<[a-z](?:[^>"]|"[^"]*")*>/g)?.map((tag) => tag.replaceAll(/"[^"]*"/g, '')) ?? [];
  expect(tags.filter((tag) => / (style|on\w+)=/.test(tag))).toEqual([]);
}

describe('a hostile text', () => {
  it.each(URLS)('is text and nothing else on %s', async (url) => {
    const browser = await aHostileConsole();
    const { body, headers } = await browser.get(url);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expectHarmless(body);
  });

  it.each(ACTIONS)('is text and nothing else in the form of %s that comes back', async (action) => {
    const browser = await aHostileConsole();
    const { body, statusCode } = await browser.post(`/console/deals/42/${action}`, FORM);
    expect(statusCode).toBe(422);
    expectHarmless(body);
  });

  it('is shown as it was written', async () => {
    const browser = await aHostileConsole();
    // What ends an attribute or begins a tag.
    const written = '&lt;img src=x onerror=&quot;alert(1)&quot;> &amp; &quot;friends';
    for (const url of ['/', '/console/deals', '/console/deals/42'])
      expect((await browser.get(url)).body).toContain(written);
  });

  it('in a cookie is as if there were none', async () => {
    const browser = await aHostileConsole();
    browser.cookies.set('countersign-told', `approve/taken/${HOSTILE}`);
    expect((await browser.get('/console/deals/42')).body).not.toContain('class="flash');
    browser.cookies.set('countersign', HOSTILE);
    expect((await browser.get('/')).statusCode).toBe(303);
  });
});

describe('every page of the console', () => {
  it.each([...URLS, '/console/nowhere', '/console/login'])(
    '%s comes under the strict policy and is not kept',
    async (url) => {
      const console = await aConsole('operator');
      const { headers } = await console.get(url);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none';style-src 'self';script-src 'self';connect-src 'self';img-src 'self' data:;" +
          "form-action 'self';base-uri 'none';frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
    },
  );

  it('leads to a style sheet and a script that a browser keeps until they change', async () => {
    const console = await aConsole('viewer');
    const { body } = await console.get('/');
    const [style = ''] = /\/console\/style\.css\?v=\w+/.exec(body) ?? [];
    const [script = ''] = /\/console\/console\.js\?v=\w+/.exec(body) ?? [];
    console.cookies.clear();
    const css = await console.get(style);
    expect([css.body, css.headers['content-type']]).toEqual([STYLE, 'text/css; charset=utf-8']);
    expect(css.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const js = await console.get(script);
    expect([js.body, js.headers['content-type']]).toEqual([SCRIPT, 'text/javascript; charset=utf-8']);
    expect((await console.get('/console/style.css?v=older')).headers['cache-control']).toBe('no-cache');
  });

  it('names its language, its parts and its one heading', async () => {
    const console = await aConsole('operator');
    console.shows(aSnapshot('in-review', { actions: [...ACTIONS] }));
    for (const url of ['/', '/console/deals', '/console/deals/42', '/console/deals/42/amend', '/console/nowhere']) {
      const { body } = await console.get(url);
      expect(body).toMatch(/^<!doctype html><html lang="en">/);
      for (const tag of ['header', 'main', 'footer', 'h1', 'title']) {
        expect([url, tag, body.match(new RegExp(`<${tag}[ >]`, 'g'))?.length]).toEqual([url, tag, 1]);
      }
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const labelled = [...body.matchAll(/<label[^>]* for="([^"]+)"/g)].map(([, id]) => id);
      for (const id of labelled) expect(ids).toContain(id);
    }
  });

  it('has a script that is one, and fetches nothing from elsewhere', () => {
    expect(() => new Script(SCRIPT)).not.toThrow();
    for (const text of [STYLE, SCRIPT]) expect(text).not.toMatch(/https?:|@import|url\(|eval|innerHTML =/);
  });
});

describe('a list of a thousand deals', () => {
  it('is made in a few milliseconds', async () => {
    const console = await aConsole('viewer');
    const thousand = Array.from({ length: 1_000 }, (_, index) =>
      aLine({ dealId: `deal-${index}`, reviewDue: '2026-01-06T09:00:00.000Z' }),
    );
    console.gateway.deals.answers.list = () => ({ deals: [...thousand], next: null });
    const times: number[] = [];
    for (let turn = 0; turn < 15; turn++) {
      const begun = performance.now();
      expect((await console.get('/')).statusCode).toBe(200);
      times.push(performance.now() - begun);
    }
    expect(times.sort((a, b) => a - b)[7]).toBeLessThan(100);
  });
});
