/** Admin of the stand-in: how it lists users. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFeedWorld, type FeedWorld } from '../docusign/feed-world.js';

let world: FeedWorld;
beforeEach(async () => {
  world = await aFeedWorld();
});
afterEach(() => world.stop());

interface Page {
  users: { id: string }[];
  paging: { next?: string; total_set_size?: number; result_set_end_position: number };
}

const path = (): string => `/Management/v2/organizations/${world.settings.organizationId}/users`;

async function page(query: Record<string, string> | null, at = path()): Promise<Page> {
  return (await world.account.call({ api: 'admin', method: 'GET', path: at, ...(query && { query }) })).json() as Page;
}

const account = (): { account_id: string } => ({ account_id: world.settings.accountId ?? '' });

describe('the list of users', () => {
  it('wants to know of which account or domain, or of whom', async () => {
    await expect(page({})).rejects.toMatchObject({ status: 400 });
    await expect(page({ email: 'a@example.com', last_modified_since: '2026-01-01' })).rejects.toMatchObject({
      status: 400,
    });
    await expect(page(account(), '/management/v2/organizations/another/users')).rejects.toMatchObject({ status: 403 });
  });

  it('comes twenty at a time unless asked otherwise, 250 at most, and links carry the whole question', async () => {
    await world.control('POST', '/users', { count: 270 });
    expect((await page(account())).users).toHaveLength(20);
    const question = { ...account(), take: '999', last_modified_since: '2020-01-01T00:00:00Z' };
    const first = await page(question);
    expect(first.paging).toMatchObject({ total_set_size: 270, result_set_end_position: 249 });
    const next = new URL(first.paging.next ?? '');
    expect(Object.fromEntries(next.searchParams)).toEqual({ ...question, start: '250', take: '250' });
    const second = await page(null, next.href);
    expect(second.users).toHaveLength(20);
    expect(second.paging.next).toBeUndefined();
    expect(new Set([...first.users, ...second.users].map(({ id }) => id)).size).toBe(270);
  });

  it.each(['inclusive', 'exclusive'])('has a boundary that is %s', async (boundary) => {
    await world.control('POST', '/users/settings', { boundary });
    await world.control('POST', '/users', { users: [{ id: 'u', modified_at: '2026-01-02T03:04:05Z' }] });
    const since = (last_modified_since: string) => page({ ...account(), last_modified_since });
    expect((await since('2026-01-02T03:04:05Z')).users).toHaveLength(boundary === 'inclusive' ? 1 : 0);
    expect((await since('2026-01-02T03:04:04Z')).users).toHaveLength(1);
    expect((await since('2026-01-02T03:04:06Z')).users).toHaveLength(0);
  });

  it('can move a user from a page that was read to one that was not, and push another out of sight', async () => {
    const users = ['a', 'b', 'c', 'd'].map((id, index) => ({ id, modified_at: `2026-01-02T03:04:0${index}Z` }));
    await world.control('POST', '/users', { users });
    await world.control('POST', '/users/settings', { order: 'modified', between_pages: 'touch-first', times: 1 });
    const first = await page({ ...account(), take: '2' });
    const second = await page(null, first.paging.next);
    expect([...first.users, ...second.users].map(({ id }) => id)).toEqual(['a', 'b', 'd', 'a']);
  });
});

describe('the detail of a user', () => {
  const detail = async (id: string) =>
    (await world.account.call({ api: 'esignature', method: 'GET', path: `/users/${id}` })).json();

  it('tells when it was changed, the American way', async () => {
    await world.control('POST', '/users', { users: [{ id: 'u', modified_at: '2026-01-02T15:04:05Z' }] });
    expect(await detail('u')).toMatchObject({ userId: 'u', userSettings: { modifiedDate: '1/2/2026 3:04:05 PM' } });
    await world.control('POST', '/users/u', { modified_at: '2026-11-12T00:00:09Z', detail: { userStatus: 'Closed' } });
    expect(await detail('u')).toMatchObject({
      userStatus: 'Closed',
      userSettings: { modifiedDate: '11/12/2026 12:00:09 AM' },
    });
  });

  it('is not there for whom nobody knows', async () => {
    await expect(detail('nobody')).rejects.toMatchObject({ kind: 'not-found' });
  });
});
