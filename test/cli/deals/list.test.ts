import { describe, expect, it } from 'vitest';
import { UnreadableQuery } from '../../../src/gateway/deal-list.js';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { paperDeals, type PaperDeals } from '../../gateway/a-gateway.js';
import { aLine, countersign } from './a-command.js';

/** Deals that come in pages of two. */
function pagedDeals(count: number): PaperDeals {
  const deals = paperDeals();
  const lines = Array.from({ length: count }, (_, index) => aLine({ dealId: `D-${index + 1}` }));
  deals.list = async (filter) => {
    deals.listed.push(filter);
    const from = Number(filter.cursor ?? 0);
    const to = from + Math.min(2, filter.limit ?? 2);
    return { deals: lines.slice(from, to), next: to < count ? String(to) : null };
  };
  return deals;
}

describe('countersign deals list', () => {
  it('asks for open deals unless others are asked for', async () => {
    const filterOf = async (...args: string[]) => (await countersign(['list', ...args])).deals.listed[0];
    expect(await filterOf()).toEqual({ open: true, limit: 100 });
    expect(await filterOf('--all')).toEqual({ limit: 100 });
    expect(await filterOf('--stage', 'completed')).toEqual({ stage: 'completed', limit: 100 });
    expect(await filterOf('--stage', 'in-review', '--blocked', '--type', 'nda', '--query', 'X = 1')).toEqual({
      ...{ stage: 'in-review', blocked: true, documentType: 'nda', query: 'X = 1', open: true, limit: 100 },
    });
    expect(await filterOf('--blocked', 'crm-refused')).toMatchObject({ blocked: 'crm-refused' });
  });

  it('finds deals that are older than a duration', async () => {
    const before = Date.now();
    const { deals } = await countersign(['list', '--older-than', '2d']);
    const since = Date.parse(deals.listed[0]?.since ?? '');
    expect(since).toBeGreaterThanOrEqual(before - 2 * 86_400_000);
    expect(since).toBeLessThanOrEqual(Date.now() - 2 * 86_400_000);
  });

  it.each([
    ['--stage', 'asleep'],
    ['--blocked', 'tired'],
    ['--older-than', 'long'],
    ['--older-than', '15'],
    ['--limit', '0'],
    ['--limit', 'many'],
    ['--query', ' '],
    ['--url', 'ftp://gateway.example'],
    ['--url', 'http://user:word@gateway.example'],
  ])('ends with code 2 on %s %s', async (option, value) => {
    const { code, out, err, opened } = await countersign(['list', option, value]);
    expect({ code, out, opened }).toEqual({ code: 2, out: '', opened: [] });
    expect(err).toContain(option);
  });

  it('follows the pages up to the limit, and says when there are more', async () => {
    const all = await countersign(['list', '--json'], { deals: pagedDeals(5) });
    expect(JSON.parse(all.out)).toMatchObject({ ok: true, more: false, deals: { length: 5 } });
    const some = await countersign(['list', '--limit', '3'], { deals: pagedDeals(5) });
    expect(some.out.split('\n').map((line) => line.split('\t')[0])).toEqual(['D-1', 'D-2', 'D-3', '']);
    expect(some.err).toContain('more');
    expect(some.deals.listed.map(({ limit }) => limit)).toEqual([3, 1]);
  });

  it('writes bare columns with tabs for other programs', async () => {
    const deals = paperDeals();
    deals.answers.list = () => ({ deals: [aLine({ blocked: 'crm-refused', round: 2, envelopeId: null })], next: null });
    const { code, out } = await countersign(['list'], { deals });
    expect(code).toBe(0);
    expect(out).toBe('D-1\t2\tin-review\tcrm-refused\torder-form\t2026-01-05T09:00:00.000Z\t-\tdeal-D-1\n');
  });

  it('fits its table into the terminal, whatever a document type holds', async () => {
    const deals = paperDeals();
    const reviewDue = '2026-01-06T09:00:00.000Z';
    const documentType = `order\u001b[2Jform${'-of-the-north'.repeat(10)}`;
    deals.answers.list = () => ({ deals: [aLine({ documentType, reviewDue }), aLine({ dealId: 'D-2' })], next: null });
    const { out } = await countersign(['list'], { deals, columns: 100 });
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^DEAL +STAGE +FOR +BLOCKED +TYPE +ENVELOPE$/);
    expect(lines[1]).toContain('(review overdue)');
    expect(lines[1]).toContain('…');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).not.toContain('\u001b');
  });

  it('says in a line that the query cannot be read, or that Temporal is away', async () => {
    const deals = paperDeals();
    deals.answers.list = () => {
      throw new UnreadableQuery('unexpected token');
    };
    const wrong = await countersign(['list', '--query', 'x x'], { deals });
    expect(wrong).toMatchObject({ code: 1, out: '', err: 'Failed: query: unexpected token\n' });
    deals.answers.list = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached: check TEMPORAL_ADDRESS.');
    };
    const away = await countersign(['list', '--json'], { deals });
    expect(away).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(away.out)).toEqual({
      ok: false,
      error: 'Temporal cannot be reached: check TEMPORAL_ADDRESS.',
      kind: 'temporal-unavailable',
      status: 503,
    });
  });
});
