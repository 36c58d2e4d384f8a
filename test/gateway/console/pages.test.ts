import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { UnreadableQuery, type DealFilter, type DealLine } from '../../../src/gateway/deal-list.js';
import { paperDeals, SIGN_LINK } from '../a-gateway.js';
import { aConsole, aConsoleWith, aLine, aSnapshot, textOf, tokenOf } from './a-console.js';

const NOW = Date.parse('2026-01-05T12:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The deals of a page's table, in its order. */
const dealsOf = (page: string): string[] => [...page.matchAll(/class="deal"[^>]*>([^<]*)</g)].map(([, id = '']) => id);

describe('the queue', () => {
  it('shows the drafts that wait for review, oldest first, with those past their time marked', async () => {
    const console = await aConsole('reviewer');
    const waiting = [
      aLine({ dealId: 'new', since: '2026-01-05T11:57:00.000Z', reviewDue: '2026-01-06T11:57:00.000Z' }),
      aLine({ dealId: 'old', since: '2026-01-03T09:00:00.000Z', reviewDue: '2026-01-04T09:00:00.000Z' }),
      aLine({ dealId: 'middle', since: '2026-01-05T09:00:00.000Z' }),
    ];
    const { deals } = console.gateway;
    deals.answers.list = () => ({ deals: deals.listed.at(-1)?.stage ? waiting : [], next: null });
    deals.answers.count = () => 7;
    const { body, statusCode } = await console.get('/');
    expect(statusCode).toBe(200);
    expect(dealsOf(body)).toEqual(['old', 'middle', 'new']);
    const rows = textOf(body);
    expect(rows).toContain('old 2 days ago 2026-01-03 09:00 UTC Overdue 27 hours ago order-form');
    expect(rows).toContain('new 3 min ago 2026-01-05 11:57 UTC in 24 hours order-form');
    expect(rows.match(/Overdue/g)).toHaveLength(1);
    expect(rows).toContain('3 waiting for review');
    expect(rows).toContain('1 of them past their time');
    expect(rows).toContain('No deal stands still.');
    expect(body).toContain('<title>(3) Queue · Countersign</title>');
  });

  it('lists no more than it shows by much: which wait longest is found out by counting', async () => {
    const console = await aConsole('viewer');
    const { deals } = console.gateway;
    const thousand = Array.from({ length: 1_000 }, (_, index) =>
      aLine({ dealId: `d${index}`, since: new Date(NOW - index * 61_000).toISOString() }),
    );
    const those = ({ since = '9' }: DealFilter): DealLine[] => thousand.filter((deal) => (deal.since ?? '') < since);
    let counted = 0;
    let listed = 0;
    deals.count = async (filter) => {
      counted += 1;
      return those(filter).length;
    };
    // As Temporal does: the newest first, and no more than asked for.
    deals.list = async (filter) => {
      const page = those(filter).slice(0, filter.limit);
      listed += page.length;
      return { deals: page, next: null };
    };
    const { body } = await console.get('/');
    const shown = dealsOf(body);
    expect(shown.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => `d${999 - index}`));
    expect(shown.slice(100)).toEqual(Array.from({ length: 25 }, (_, index) => `d${999 - index}`));
    expect(textOf(body)).toContain('The 100 that wait longest of 1,000 deals. Show all');
    [counted, listed] = [0, 0];
    expect(dealsOf((await console.get('/')).body)).toEqual(shown);
    expect(counted).toBe(8);
    expect(listed).toBe(0);
  });

  it('finds its way among deals that all began to wait at once', async () => {
    const console = await aConsole('viewer');
    const { deals } = console.gateway;
    const crowd = Array.from({ length: 500 }, (_, index) => aLine({ dealId: `d${index}` }));
    const those = ({ since = '9' }: DealFilter): DealLine[] => crowd.filter((deal) => (deal.since ?? '') < since);
    let counted = 0;
    deals.count = async (filter) => {
      counted += 1;
      return those(filter).length;
    };
    deals.list = async (filter) => {
      const page = those(filter).slice(0, filter.limit);
      return { deals: page, next: page.length < those(filter).length ? 'more' : null };
    };
    const { body } = await console.get('/');
    expect(dealsOf(body)).toHaveLength(125);
    expect(textOf(body)).toContain('The 100 that wait longest of 500 deals.');
    counted = 0;
    await console.get('/');
    expect(counted).toBe(6);
  });

  it('shows below it the deals that stand still, each with its reason', async () => {
    const console = await aConsole('viewer');
    const { deals } = console.gateway;
    const blocked = aLine({ dealId: 'stuck', stage: 'sending', blocked: 'credits-exhausted' });
    deals.answers.list = () => ({ deals: deals.listed.at(-1)?.stage ? [] : [blocked], next: null });
    const text = textOf((await console.get('/')).body);
    expect(text).toContain('No draft waits for a review.');
    expect(text).toMatch(/stuck Credits exhausted Sending 3 hours ago/);
  });
});

describe('the list of deals', () => {
  const listedBy = async (query: string) => {
    const console = await aConsole('viewer');
    const { body, statusCode } = await console.get(`/console/deals${query}`);
    expect(statusCode).toBe(200);
    return { filter: console.gateway.deals.listed.at(-1), body };
  };

  it.each([
    ['', { open: true, limit: 100 }],
    ['?stage=&blocked=&type=&age=', { open: true, limit: 100 }],
    ['?stage=out-for-signature', { stage: 'out-for-signature', open: true, limit: 100 }],
    ['?stage=declined', { stage: 'declined', limit: 100 }],
    ['?stage=all', { limit: 100 }],
    ['?blocked=any', { blocked: true, open: true, limit: 100 }],
    ['?blocked=no', { blocked: false, open: true, limit: 100 }],
    ['?blocked=crm-refused', { blocked: 'crm-refused', open: true, limit: 100 }],
    ['?type=order-form', { documentType: 'order-form', open: true, limit: 100 }],
    ['?age=1d', { since: '2026-01-04T12:00:00.000Z', open: true, limit: 100 }],
    ['?cursor=abc_-9', { cursor: 'abc_-9', open: true, limit: 100 }],
    // An old bookmark or a mangled address shows all rather than an error.
    ["?stage=nowhere&blocked='&age=9y&cursor=%27&stage=x", { open: true, limit: 100 }],
  ])('filters by %j', async (query, filter) => {
    expect((await listedBy(query)).filter).toEqual(filter);
  });

  it('keeps what was chosen in its form', async () => {
    const { body } = await listedBy('?stage=in-review&blocked=any&age=3d&type=gone-from-the-file');
    for (const value of ['in-review', 'any', '3d', 'gone-from-the-file']) {
      expect(body).toMatch(new RegExp(`<option (value="${value}" selected|selected value="${value}")`));
    }
  });

  it('leads page by page with the filters kept', async () => {
    const console = await aConsole('viewer');
    const { answers } = console.gateway.deals;
    answers.list = () => ({
      deals: Array.from({ length: 100 }, (_, i): DealLine => aLine({ dealId: `d${i}` })),
      next: 'bmV4dA',
    });
    answers.count = () => 1_000;
    const { body } = await console.get('/console/deals?stage=in-review&cursor=Zmly');
    expect(dealsOf(body)).toHaveLength(100);
    expect(textOf(body)).toContain('100 of 1,000 deals');
    expect(body).toContain('href="/console/deals?stage=in-review&amp;cursor=bmV4dA"');
    expect(body).toContain('<a href="/console/deals?stage=in-review">First page</a>');
  });

  it('tells when it cannot go on from a cursor, and when there is nothing', async () => {
    const console = await aConsole('viewer');
    const { answers } = console.gateway.deals;
    expect(textOf((await console.get('/console/deals?stage=expired')).body)).toContain('No deal is so.');
    answers.list = () => {
      throw new UnreadableQuery('the cursor is not the next of an earlier answer');
    };
    const { body, statusCode } = await console.get('/console/deals?cursor=abc&age=1d');
    expect(statusCode).toBe(200);
    expect(textOf(body)).toContain('The list cannot be read on from there. Begin at its first page.');
    expect(body).toContain('href="/console/deals?age=1d"');
  });

  it('leads to the round of an ended deal, and to the latest of an open one', async () => {
    const console = await aConsole('viewer');
    console.gateway.deals.answers.list = () => ({
      deals: [
        aLine({ dealId: 'D:1', round: 2 }),
        aLine({ dealId: 'D:1', stage: 'declined', open: false }),
        aLine({ dealId: 'x', open: false }),
      ],
      next: null,
    });
    const { body } = await console.get('/console/deals?stage=all');
    expect(body).toContain('href="/console/deals/D%3A1"');
    expect(body).toContain('href="/console/deals/D%3A1?round=1"');
    expect(textOf(body)).toContain('In review cut off from outside');
  });
});

describe('the page of a deal', () => {
  it('says what it waits for, since when, and until when', async () => {
    const console = await aConsole('viewer');
    console.shows(aSnapshot('in-review', { reviewDue: '2026-01-05T11:00:00.000Z' }));
    const text = textOf((await console.get('/console/deals/42')).body);
    expect(text).toContain('It waits for a person to review the draft.');
    expect(text).toContain('In this stage since 3 hours ago 2026-01-05 09:00 UTC');
    expect(text).toContain('Review due Overdue 1 hour ago 2026-01-05 11:00 UTC');
    console.shows(aSnapshot('out-for-signature', { expiresAt: '2026-02-04T12:00:00.000Z' }));
    expect(textOf((await console.get('/console/deals/42')).body)).toContain(
      'Voided unless signed by in 30 days 2026-02-04 12:00 UTC',
    );
  });

  it('says why a deal stands still and what to do about it', async () => {
    const console = await aConsole('operator');
    const blocked = {
      reason: 'crm-refused',
      since: '2026-01-05T10:00:00.000Z',
      hint: 'Mend the record.',
      detail: 'no such owner',
    } as const;
    console.shows(aSnapshot('filing', { blocked, waitingFor: blocked.hint, actions: ['resume'] }));
    const text = textOf((await console.get('/console/deals/42')).body);
    expect(text).toContain('Blocked: CRM refused');
    expect(text).toContain('Mend the record.');
    expect(text).toContain('What was said: no such owner');
    expect(text).toContain('Blocked since 2 hours ago');
  });

  it('shows signers, envelopes, credits, the signed PDF and the timeline from its newest entry', async () => {
    const console = await aConsole('viewer');
    console.shows(
      aSnapshot('completed', {
        parties: [
          { role: 'Customer', order: 1, status: 'signed' },
          { role: 'Company', order: 2, status: 'pending' },
          { role: 'cc', order: 3, status: 'copied' },
        ],
        replaced: [{ envelopeId: 'env-0', revision: 1, at: '2026-01-05T10:00:00.000Z', why: 'typo', by: 'olaf' }],
        credits: { spent: 2, refunded: 1 },
        signedPdf: { uri: 'file:///filed/42.pdf', sha256: 'ab12', bytes: 1_234, pages: 2 },
        timeline: [
          { at: '2026-01-05T09:00:00.000Z', what: 'deal started', by: 'crm' },
          { at: '2026-01-05T11:00:00.000Z', what: 'signed', by: 'atlas' },
        ],
      }),
    );
    const text = textOf((await console.get('/console/deals/42')).body);
    expect(text).toContain('1 of 2 signed');
    expect(text).toMatch(/1 ?Customer ?Signed.*2 ?Company ?Their turn to sign.*cc ?cc ?Gets a copy/);
    expect(text).toContain('env-0 revision 1 Replaced by olaf: typo');
    expect(text).toContain('2 spent, 1 refunded');
    expect(text).toContain('file:///filed/42.pdf 2 pages, 1,234 bytes sha256 ab12');
    expect(text).toMatch(/signed ?atlas ?1 hour ago.*deal started ?crm ?3 hours ago/);
  });

  it("leads to the run in Temporal's UI, or to all runs where the list does not know it yet", async () => {
    const deals = paperDeals();
    const browser = aConsoleWith(deals);
    await browser.post('/console/login', { token: tokenOf('viewer') });
    deals.answers.list = () => ({
      deals: [aLine({ open: false, runId: 'run-0' }), aLine({ runId: 'run-1' })],
      next: null,
    });
    expect((await browser.get('/console/deals/42')).body).toContain(
      'href="https://temporal.example/namespaces/deals/workflows/deal-42/run-1"',
    );
    expect(deals.listed.at(-1)?.query).toBe("WorkflowId = 'deal-42'");
    deals.answers.list = () => ({ deals: [], next: null });
    expect((await browser.get('/console/deals/42')).body).toContain(
      'href="https://temporal.example/namespaces/deals/workflows?query=WorkflowId%3D%22deal-42%22"',
    );
  });

  it('is there for an earlier round too, without buttons', async () => {
    const console = await aConsole('operator');
    console.shows(aSnapshot('declined', { round: 1, actions: [] }));
    const { body } = await console.get('/console/deals/42?round=1');
    expect(textOf(body)).toContain('This is round 1. Show the latest round.');
    expect(body).not.toMatch(/<form[^>]*action="\/console\/deals/);
  });

  it('is a page of its own when there is no such deal', async () => {
    const console = await aConsole('viewer');
    console.gateway.deals.answers.read = () => ({ kind: 'unknown' });
    for (const url of [
      '/console/deals/43',
      '/console/deals/not%20an%20id',
      '/console/nowhere',
      '/console/deals/43/nowhere',
    ]) {
      const answer = await console.get(url);
      expect([url, answer.statusCode, answer.headers['content-type']]).toEqual([url, 404, 'text/html; charset=utf-8']);
    }
    expect(textOf((await console.get('/console/deals/43')).body)).toContain('There is no deal 43');
  });
});

describe('the box for an id', () => {
  it('leads to a deal by its own id, or by that of its envelope or workflow', async () => {
    const console = await aConsole('viewer');
    const { deals } = console.gateway;
    const led = async (id: string) => (await console.get(`/console/go?id=${encodeURIComponent(id)}`)).headers.location;
    expect(await led(' ACME-7 ')).toBe('/console/deals/ACME-7');
    deals.answers.list = () => ({
      deals: [aLine({ dealId: 'old', open: false }), aLine({ dealId: 'D:9' })],
      next: null,
    });
    expect(await led('env-1')).toBe('/console/deals/D%3A9');
    expect(deals.listed.at(-1)?.query).toBe("EnvelopeId = 'env-1' OR WorkflowId = 'env-1'");
  });

  it('puts nothing into a query that could change it, and answers nonsense with a page', async () => {
    const console = await aConsole('viewer');
    for (const id of ["x' OR '1'='1", '', '../..', '//evil.example', 'a b']) {
      expect((await console.get(`/console/go?id=${encodeURIComponent(id)}`)).statusCode).toBe(404);
    }
    expect(console.gateway.deals.listed.filter(({ query }) => query?.includes("OR '1'"))).toEqual([]);
  });
});

describe('when Temporal is away', () => {
  it.each(['/', '/console/deals', '/console/deals/42', '/console/deals/42/approve', '/console/go?id=42'])(
    '%s says so, what to check, and looks again by itself',
    async (url) => {
      const console = await aConsole('operator');
      const away = (): never => {
        const cause = new Error('14 UNAVAILABLE at /secret/path.js:1');
        throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached: check TEMPORAL_ADDRESS.', {
          cause,
        });
      };
      Object.assign(console.gateway.deals.answers, { list: away, count: away, read: away });
      const answer = await console.get(url);
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      const text = textOf(answer.body);
      expect(text).toContain('Temporal is away');
      expect(text).toContain('check TEMPORAL_ADDRESS');
      expect(text).toContain('What to check');
      expect(answer.body).toMatch(/data-refresh="5" data-stand-in="yes"/);
      expect(answer.body).toContain('<noscript><meta http-equiv="refresh" content="30"');
      expect(answer.body).not.toMatch(/secret|UNAVAILABLE/);
    },
  );

  it('tells a missing worker from a missing server', async () => {
    const console = await aConsole('operator');
    console.gateway.deals.answers.read = () => {
      throw new DealsUnavailable('no-worker', 'The deal exists, but no worker answered for it.');
    };
    const text = textOf((await console.get('/console/deals/42')).body);
    expect(text).toContain('No worker answers');
    expect(text).toContain('npm run worker');
  });

  it('shows no more than an id of what nobody foresaw', async () => {
    const console = await aConsole('operator');
    console.gateway.deals.answers.read = () => {
      throw new Error('secret detail');
    };
    const answer = await console.get('/console/deals/42', { 'x-request-id': 'trace-7' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret detail');
    expect(textOf(answer.body)).toContain('Request trace-7');
    expect(console.gateway.log()).toContain('secret detail');
  });
});

describe('the sign link', () => {
  it('is fetched for operators only, when they ask', async () => {
    const console = await aConsole('operator');
    console.shows(aSnapshot('out-for-signature', { actions: ['remind', 'cancel'] }));
    const deal = await console.get('/console/deals/42');
    expect(deal.body).toContain('href="/console/deals/42/sign-link"');
    expect(deal.body).not.toContain(SIGN_LINK);
    expect(console.gateway.provider.asked).toEqual([]);
    const page = await console.get('/console/deals/42/sign-link');
    expect(page.body).toContain(`href="${SIGN_LINK}"`);
    expect(textOf(page.body)).toContain('It is the turn of Customer (signer 1).');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(console.gateway.log()).not.toContain('secret');
  });

  it('is refused in words when there is none', async () => {
    const console = await aConsole('operator');
    const answer = await console.get('/console/deals/42/sign-link');
    expect(answer.statusCode).toBe(409);
    expect(textOf(answer.body)).toContain('there is a link while a deal is out for signature');
  });
});
