/** Monitor of the stand-in: what DocuSign documents of it, and what it leaves open, by switch. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFeedWorld, type FeedWorld } from '../docusign/feed-world.js';

let world: FeedWorld;
beforeEach(async () => {
  world = await aFeedWorld();
});
afterEach(() => world.stop());

interface Page {
  data?: { eventId: string }[];
  resultData?: { eventId: string }[];
  endCursor?: string;
}

async function page(query: Record<string, string> = {}, path = '/api/v2.0/datasets/monitor/stream'): Promise<Page> {
  return (await world.account.call({ api: 'monitor', method: 'GET', path, query })).json() as Page;
}

const add = (body: unknown) => world.control('POST', '/monitor/events', body);

describe('Monitor', () => {
  it('hands out rows in the order they were told, and the same cursor at the end', async () => {
    await add({ events: [{ eventId: 'a' }, { eventId: 'b', timestamp: '2021-01-01T00:00:00Z' }, { eventId: 'c' }] });
    const first = await page({ limit: '2' });
    expect(first.data?.map(({ eventId }) => eventId)).toEqual(['a', 'b']);
    expect(first.endCursor).toMatch(/^aa_\d{18}_\d{18}_2$/);
    const second = await page({ cursor: first.endCursor ?? '' });
    expect(second.data?.map(({ eventId }) => eventId)).toEqual(['c']);
    expect(await page({ cursor: second.endCursor ?? '' })).toEqual({ data: [], endCursor: second.endCursor });
  });

  it('takes a time for a cursor, and looks a week back without one', async () => {
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    for (const days of [9, 5, 1]) await add({ events: [{ eventId: `${days}` }], at: daysAgo(days) });
    expect((await page()).data?.map(({ eventId }) => eventId)).toEqual(['5', '1']);
    expect((await page({ cursor: daysAgo(2) })).data?.map(({ eventId }) => eventId)).toEqual(['1']);
    await expect(page({ cursor: 'nonsense' })).rejects.toMatchObject({ status: 400 });
  });

  it('gives an organization its stream under another name, and no stranger', async () => {
    await add({ count: 1 });
    const path = (organization: string | null | undefined) => `/v1/organizations/${String(organization)}/stream`;
    expect(await page({}, path(world.settings.organizationId))).toMatchObject({ resultData: [{}] });
    await expect(page({}, path('another'))).rejects.toMatchObject({ status: 403 });
  });

  it('has empty pages with a new cursor, and ignores the limit, where it is told to', async () => {
    await add({ count: 9 });
    await world.control('POST', '/monitor/settings', { empty_every: 2, page_rows: 6 });
    const first = await page({ limit: '2' });
    const empty = await page({ cursor: first.endCursor ?? '' });
    expect([first.data?.length, empty.data?.length]).toEqual([6, 0]);
    expect(empty.endCursor).not.toBe(first.endCursor);
    expect((await page({ cursor: empty.endCursor ?? '' })).data).toHaveLength(3);
  });

  it.each([429, 400])('refuses who asks twice a minute (%i), and who has not the role', async (throttle_status) => {
    await world.control('POST', '/monitor/settings', { interval_ms: 60_000, throttle_status });
    await page();
    await expect(page()).rejects.toMatchObject({ kind: 'rate-limited', status: throttle_status });
    await world.control('POST', '/monitor/settings', { interval_ms: 0, role: false });
    await expect(page()).rejects.toMatchObject({ kind: expect.stringMatching(/forbidden|rate-limited/) as string });
    expect(await world.control('GET', '/monitor')).toMatchObject({ throttled: 1 });
  });
});
