/** What the audit feeds make of what DocuSign tells, against the stand-in. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFeedActivities, type FeedDeps } from '../../src/activities/feeds.js';
import { noRows, type FetchedEvents, type FetchedUsers } from '../../src/deal/feeds.js';
import { readFirstRows } from '../../src/docusign/feeds/first-rows.js';
import { fromIso, fromUs } from '../../src/docusign/feeds/times.js';
import { SinkError, type FeedRow } from '../../src/docusign/rows.js';
import { aFeedWorld, aPaperSink, type FeedWorld, type PaperSink } from './feed-world.js';

const QUIET = new DefaultLogger('ERROR');
let world: FeedWorld;
let sink: PaperSink;
let over: Partial<FeedDeps['settings']>;

beforeAll(() => {
  Runtime.install({ logger: QUIET });
});
beforeEach(async () => {
  world = await aFeedWorld();
  sink = aPaperSink();
  over = {};
  activities = undefined;
});
afterEach(() => world.stop());

const rows = (): FeedRow[] => [...sink.rows.values()];
const startedAt = (): string => new Date().toISOString();

let activities: ReturnType<typeof createFeedActivities> | undefined;

function run<Input, Result>(
  name: 'fetchCustomerEvents' | 'fetchAuditUsers',
  input: Input,
  { attempt = 1, ...deps }: Partial<FeedDeps> & { attempt?: number } = {},
): Promise<Result> {
  const made = (): ReturnType<typeof createFeedActivities> =>
    createFeedActivities({
      account: world.account,
      sink: { ...sink, deliver: (feed, entries) => sink.deliver(feed, entries) },
      deadLetter: (letter) => sink.deadLetter(letter),
      settings: { ...world.settings, ...over },
      ...deps,
    });
  const those = Object.keys(deps).length > 0 ? made() : (activities ??= made());
  const activity = those[name] as unknown as (input: Input) => Promise<Result>;
  return new MockActivityEnvironment({ attempt }, { logger: QUIET }).run(activity, input);
}

const events = (place: FetchedEvents['place'] | null = null): Promise<FetchedEvents> =>
  run('fetchCustomerEvents', { place, startedAt: startedAt(), betweenMs: 0 });

/** Whole sweep, as many chunks as it takes. */
async function sweep(place: FetchedUsers['place'] | null = null, deps: Partial<FeedDeps> = {}): Promise<FetchedUsers> {
  const at = startedAt();
  let fetched: FetchedUsers = await run('fetchAuditUsers', { place, startedAt: at, taken: 0 }, deps);
  while (fetched.more || fetched.place.sweep) {
    const taken = fetched.more ? fetched.taken : 0;
    fetched = await run('fetchAuditUsers', { place: fetched.place, startedAt: at, taken }, deps);
  }
  return fetched;
}

describe('times', () => {
  it('of Monitor are read in every form of ISO 8601, to the second', () => {
    expect(fromIso('2024-06-30T07:08:06.3038365Z')).toBe('2024-06-30T07:08:06Z');
    expect(fromIso('2024-06-30T07:08:06Z')).toBe('2024-06-30T07:08:06Z');
    expect(fromIso('2024-06-30T07:08:06')).toBe('2024-06-30T07:08:06Z');
    expect(fromIso('2024-06-30T07:08:06.9+02:00')).toBe('2024-06-30T05:08:06Z');
    expect(fromIso('2024-06-30T23:30:00-0130')).toBe('2024-07-01T01:00:00Z');
  });

  it('that are none are refused', () => {
    for (const none of [
      '',
      'yesterday',
      '2024-06-31T00:00:00Z',
      '2024-13-01T00:00:00Z',
      '2024-01-01T25:00:00Z',
      7,
      null,
      undefined,
    ])
      expect(fromIso(none), String(none)).toBeNull();
    for (const none of [
      '13/1/2024 1:00:00 AM',
      '2/30/2024 1:00:00 AM',
      '1/1/2024 13:00:00 PM',
      '1/1/2024 0:00:00 AM',
      '',
    ])
      expect(fromUs(none), none).toBeNull();
  });

  it("of a user's settings are read with noon and midnight where they belong", () => {
    expect(fromUs('1/2/2026 12:00:00 AM')).toBe('2026-01-02T00:00:00Z');
    expect(fromUs('1/2/2026 12:30:00 PM')).toBe('2026-01-02T12:30:00Z');
    expect(fromUs('11/22/2026 3:04:05 PM')).toBe('2026-11-22T15:04:05Z');
  });
});

describe('customer events', () => {
  it('come page by page to the sink, each with what the dashboards go by', async () => {
    over = { maxEvents: 40 };
    await world.control('POST', '/monitor/events', {
      count: 100,
      events: [{ eventId: 'one', timestamp: '2024-06-30T07:08:06.3038365Z', action: 'UserAdded' }],
    });
    let fetched = await events();
    expect(fetched).toMatchObject({ behind: true, rows: { written: 40, repeated: 0, dead: 0 } });
    while (fetched.behind) fetched = await events(fetched.place);
    expect(sink.rows.size).toBe(101);
    expect(sink.again).toBe(0);
    expect(sink.rows.get('one')).toMatchObject({
      ...{ _time: '2024-06-30T07:08:06Z', source_log_type: 'customerevent', vendor: 'docusign', product: 'docusign' },
      ...{ eventId: 'one', action: 'UserAdded', timestamp: '2024-06-30T07:08:06.3038365Z' },
    });
    const { cursors } = await world.control('GET', '/monitor');
    expect(new Set(cursors as string[]).size).toBe((cursors as string[]).length - 0);
  });

  it('of the organization have another name for their rows', async () => {
    over = { monitorApi: 'organization' };
    await world.control('POST', '/monitor/events', { count: 3 });
    expect((await events()).rows.written).toBe(3);
  });

  it('survive empty pages, a limit that is ignored and events told late', async () => {
    over = { maxEvents: 10 };
    await world.control('POST', '/monitor/settings', { page_rows: 35, empty_every: 2 });
    await world.control('POST', '/monitor/events', { count: 80 });
    let { place } = await events();
    for (let page = 0; page < 6; page += 1) ({ place } = await events(place));
    await world.control('POST', '/monitor/events', {
      events: [{ eventId: 'late', timestamp: '2021-02-03T04:05:06Z' }],
    });
    for (let page = 0; page < 2; page += 1) ({ place } = await events(place));
    expect(sink.rows.size).toBe(81);
    expect(sink.rows.get('late')?._time).toBe('2021-02-03T04:05:06Z');
  });

  it('without an id or a time go to the dead letters and hold up nothing', async () => {
    const sound = { eventId: 'sound', timestamp: '2024-06-30T07:08:06Z' };
    const bad = [{ timestamp: sound.timestamp }, { eventId: 'x' }, { eventId: 'y', timestamp: 'soon' }, 'text', null];
    await world.control('POST', '/monitor/events', { rows: [...bad, sound, sound, { ...sound, action: 'Another' }] });
    const { rows: tally, place } = await events();
    expect(tally).toEqual({ written: 1, repeated: 1, dead: 6 });
    expect(sink.letters.map(({ why }) => why)).toEqual([
      'eventId is missing',
      'timestamp is missing or no time',
      'timestamp is missing or no time',
      'it is no object',
      'it is no object',
      'another event of its page has the same eventId',
    ]);
    expect(sink.letters[1]).toMatchObject({ feed: 'customer-events', raw: { eventId: 'x' } });
    expect((await events(place)).rows).toEqual(noRows());
  });

  it('stay where they are when an answer has no endCursor', async () => {
    await world.control('POST', '/monitor/events', { count: 2 });
    const before = await events();
    await world.control('POST', '/monitor/settings', { end_cursor: false });
    await world.control('POST', '/monitor/events', { count: 3 });
    const stuck = await events(before.place);
    expect(stuck.place).toMatchObject({ cursor: before.place.cursor, upTo: before.place.upTo });
    expect(stuck).toMatchObject({ behind: false, rows: { written: 3 } });
    await world.control('POST', '/monitor/settings', { end_cursor: true });
    expect((await events(stuck.place)).rows).toMatchObject({ written: 0, repeated: 3 });
  });

  it('go back to a time when their cursor is taken no more', async () => {
    await world.control('POST', '/monitor/events', { count: 5 });
    let fetched = await events();
    await world.control('POST', '/monitor/settings', { known_cursors: false });
    await world.control('POST', '/monitor/events', { count: 5 });
    await expect(events(fetched.place)).rejects.toMatchObject({ type: 'docusign-invalid', nonRetryable: false });
    const again = { place: fetched.place, startedAt: startedAt(), betweenMs: 0 };
    fetched = await run('fetchCustomerEvents', again, { attempt: 3 });
    expect(fetched).toMatchObject({ behind: true, rows: noRows() });
    await events(fetched.place);
    expect(sink.rows.size).toBe(10);
  });

  it('are left where they are by a sink that fails, and by a refusal', async () => {
    await world.control('POST', '/monitor/events', { count: 5 });
    const full = { ...sink, deliver: () => Promise.reject(new SinkError('refused', 'the disk is full')) };
    const input = { place: null, startedAt: startedAt(), betweenMs: 0 };
    await expect(run('fetchCustomerEvents', input, { sink: full })).rejects.toMatchObject({
      type: 'sink-refused',
      nonRetryable: false,
    });
    await world.control('POST', '/monitor/settings', { role: false });
    await expect(events()).rejects.toMatchObject({ type: 'docusign-forbidden', nonRetryable: false });
    await world.control('POST', '/monitor/settings', { role: true });
    await events();
    expect(sink.rows.size).toBe(5);
  });

  it.each([429, 400])('that are asked for too soon are asked for again later (%i)', async (throttle_status) => {
    await events();
    await world.control('POST', '/monitor/settings', { interval_ms: 60_000, throttle_status });
    await expect(events()).rejects.toMatchObject({ type: 'docusign-rate-limited', nonRetryable: false });
  });

  it('can be looked at without moving the feed', async () => {
    await world.control('POST', '/monitor/events', { count: 30 });
    await world.control('POST', '/users', { count: 30 });
    const since = Date.now() - 3_600_000;
    for (const feed of ['customer-events', 'audit-users'] as const)
      expect(await readFirstRows(world.account, feed, { monitorApi: 'v2', limit: 10, since })).toHaveLength(10);
  });
});

describe('audit users', () => {
  it('stand as Admin lists them, with their detail beside it', async () => {
    const modified_at = new Date(Date.now() - 60_000).toISOString();
    await world.control('POST', '/users', {
      users: [
        { id: 'u-1', name: 'Pat Example', modified_at, detail: { isAdmin: 'True', activationAccessCode: 'k7319' } },
      ],
    });
    await sweep();
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toMatchObject({
      ...{
        _time: `${modified_at.slice(0, 19)}Z`,
        source_log_type: 'auditusers',
        vendor: 'docusign',
        product: 'docusign',
      },
      ...{
        id: 'u-1',
        user_name: 'Pat Example',
        user_status: 'active',
        userName: 'Pat Example',
        userId: 'u-1',
        isAdmin: 'True',
      },
      groupList: [{ groupName: 'Everyone' }],
      workAddress: { city: 'Example', country: 'XX' },
    });
    expect(JSON.stringify(rows())).not.toContain('k7319');
    expect([...sink.rows.keys()][0]).toMatch(/^u-1-[0-9a-f]{32}$/);
  });

  it('come over many pages, and again only when they have changed', async () => {
    await world.control('POST', '/users/settings', { most: 25 });
    await world.control('POST', '/users', { count: 62 });
    const { place, rows: last } = await sweep();
    expect(sink.rows.size).toBe(62);
    expect(sink.again).toBe(0);
    expect(last.written).toBeGreaterThan(0);
    const { pages } = await world.control('GET', '/users');
    expect(pages).toBe(3);
    const [one] = rows();
    await world.control('POST', `/users/${String(one?.id)}`, { detail: { userStatus: 'Closed' } });
    await sweep(place);
    expect(sink.rows.size).toBe(63);
    expect(sink.again).toBe(61);
  });

  it('go on in the next fetch where the last one had its fill, in any order of the list', async () => {
    over = { maxUsers: 30 };
    await world.control('POST', '/users', { count: 75 });
    for (const order of ['mixed', 'modified', 'id']) {
      await world.control('POST', '/users/settings', { order });
      sink = aPaperSink();
      const fetches: number[] = [];
      let fetched: FetchedUsers | undefined;
      do {
        let taken = 0;
        do {
          fetched = await run<unknown, FetchedUsers>('fetchAuditUsers', {
            place: fetched?.place ?? null,
            startedAt: startedAt(),
            taken,
          });
          taken = fetched.taken;
        } while (fetched.more);
        fetches.push(taken);
      } while (fetched.place.sweep);
      expect(fetches).toEqual([30, 30, 15]);
      expect(sink.rows.size).toBe(75);
      expect(sink.again).toBe(0);
    }
  });

  it.each(['touch-first', 'remove-first', 'add'])(
    'lose nobody when the set changes under a sweep (%s)',
    async (between_pages) => {
      const at = (seconds: number) => new Date(Date.now() - 3_600_000 + seconds * 1000).toISOString();
      const users = Array.from({ length: 60 }, (_, index) => ({ id: `u-${index}`, modified_at: at(index) }));
      await world.control('POST', '/users', { users });
      await world.control('POST', '/users/settings', { most: 25, order: 'modified', between_pages, times: 1 });
      const { place } = await sweep();
      const gone = between_pages === 'remove-first' ? ['u-0'] : [];
      const ids = new Set(rows().map(({ id }) => id));
      expect(users.map(({ id }) => id).filter((id) => !ids.has(id) && !gone.includes(id))).toEqual([]);
      expect(Date.parse(place.upTo)).toBeGreaterThan(Date.now() - 60_000);
    },
  );

  it('are swept again from the same time when the list never holds still', async () => {
    const users = Array.from({ length: 40 }, (_, index) => ({
      id: `u-${index}`,
      modified_at: new Date(Date.now() - 60_000 + index).toISOString(),
    }));
    await world.control('POST', '/users', { users });
    await world.control('POST', '/users/settings', {
      order: 'modified',
      between_pages: 'remove-first',
      most: 15,
      times: 8,
    });
    const first = await sweep();
    expect(Date.parse(first.place.upTo)).toBeLessThan(Date.now() - 6 * 24 * 3_600_000);
    await world.control('POST', '/users/settings', { times: 0 });
    const second = await sweep(first.place);
    expect(Date.parse(second.place.upTo)).toBeGreaterThan(Date.now() - 60_000);
  });

  it('without a detail go to the dead letters and hold up nobody', async () => {
    await world.control('POST', '/users', {
      count: 5,
      users: [
        { id: 'gone', shows: 'nothing' },
        { id: 'odd', shows: 'an odd answer' },
        { id: 'k', admin: { id: null } },
      ],
    });
    await sweep();
    expect(sink.rows.size).toBe(5);
    const letters = sink.letters.map(({ why, raw }) => [(raw as { id: unknown }).id, why]);
    expect(letters).toContainEqual(['gone', 'its detail cannot be read: not-found (404 USER_NOT_FOUND)']);
    expect(letters).toContainEqual(['odd', 'its detail cannot be read: not-found (400 USER_NOT_FOUND)']);
    expect(letters).toContainEqual([null, 'id is missing or none']);
    expect(letters).toHaveLength(3);
  });

  it('always have a time, whatever their settings say', async () => {
    await world.control('POST', '/users', {
      users: [{ id: 'u', admin: { membership_created_on: '2025-05-06T07:08:09.1Z' } }],
    });
    const times: unknown[] = [];
    for (const modified_date of ['us', 'iso', 'offset', 'garbage', 'missing']) {
      await world.control('POST', '/settings', { modified_date });
      sink = aPaperSink();
      await sweep();
      times.push(rows()[0]?._time);
    }
    expect(times.slice(0, 3)).not.toContain(undefined);
    expect(times.slice(3)).toEqual(['2025-05-06T07:08:09Z', '2025-05-06T07:08:09Z']);
  });

  it('that were changed at the very time of the last sweep are not missed', async () => {
    await world.control('POST', '/users/settings', { boundary: 'exclusive' });
    const { place } = await sweep();
    await world.control('POST', '/users', { users: [{ id: 'u', modified_at: place.upTo.replace('Z', '.000Z') }] });
    await sweep(place);
    expect(rows().map(({ id }) => id)).toEqual(['u']);
  });

  it('are not followed to another host', async () => {
    await world.control('POST', '/users', { count: 30 });
    await world.control('POST', '/users/settings', { most: 25, next_host: 'http://elsewhere.example' });
    await expect(sweep()).rejects.toMatchObject({ type: 'docusign-invalid', nonRetryable: false });
    expect(sink.rows.size).toBe(0);
  });
});

it('a worker without an account leaves the feeds to others', async () => {
  const { fetchCustomerEvents } = createFeedActivities(null);
  const input = { place: null, startedAt: startedAt(), betweenMs: 0 };
  await expect(
    new MockActivityEnvironment({}, { logger: QUIET }).run(fetchCustomerEvents, input),
  ).rejects.toMatchObject({
    type: 'docusign-unknown',
    nonRetryable: false,
  });
});
