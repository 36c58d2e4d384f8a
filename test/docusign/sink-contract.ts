/** What every sink of the audit feeds holds to. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { FeedEntry, FeedSink } from '../../src/docusign/rows.js';
import type { Feed } from '../../src/docusign/settings.js';
import type { Log } from '../../src/docusign/log.js';

export interface SinkUnderTest {
  sink: FeedSink;
  /** What arrived there for good, every time it did. */
  stored(feed: Feed): Promise<FeedEntry[]>;
  /** As after the end of the process: another sink at the same place. */
  again(): Promise<FeedSink>;
}

/** Appears in the rows below and must appear in nothing that is told. */
export const PERSONAL = 'ada.lovelace@customer.example';

/** A customer event, or what is given of one. */
export function anEntry(fields: Record<string, unknown> = {}): FeedEntry {
  const eventId = randomUUID();
  return {
    key: eventId,
    row: {
      eventId,
      timestamp: '2024-06-30T07:08:06.3038365Z',
      object: 'Envelope',
      action: 'Created',
      integratorKey: '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f',
      userId: '1F2F3F4F-83c3-4940-af5e-cda8a50dd73f',
      data: { email: PERSONAL },
      _time: '2024-06-30T07:08:06Z',
      source_log_type: 'customerevent',
      vendor: 'docusign',
      product: 'docusign',
      ...fields,
    },
  };
}

export function entries(count: number, fields: Record<string, unknown> = {}): FeedEntry[] {
  return Array.from({ length: count }, () => anEntry(fields));
}

/** Keeps what is logged. */
export function aLog(): Log & { said: string[] } {
  const said: string[] = [];
  const say = (fields: object, message: string): void => void said.push(`${JSON.stringify(fields)} ${message}`);
  return { said, info: say, warn: say };
}

export function keysOf(list: readonly FeedEntry[]): string[] {
  return list.map(({ key }) => key).sort();
}

function nested(levels: number): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

/** `mine` picks, of what is stored, what the test delivered: sinks may be shared by tests. */
export function keepsTheSinkContract(make: () => Promise<SinkUnderTest>): void {
  const mine = async (under: SinkUnderTest, feed: Feed, list: readonly FeedEntry[]): Promise<FeedEntry[]> => {
    const keys = new Set(keysOf(list));
    return (await under.stored(feed)).filter(({ key }) => keys.has(key));
  };

  it('can be written to, and says so without leaving a row', async () => {
    const under = await make();
    const before = (await under.stored('customer-events')).length;
    await under.sink.check();
    expect(await under.stored('customer-events')).toHaveLength(before);
    await under.sink.close();
  });

  it('stores rows as they came', async () => {
    const under = await make();
    const list = [anEntry(), anEntry({ nothing: null, list: [1, 2.5, true], text: 'größer 😀 "\\u0000"\n' })];
    expect(await under.sink.deliver('customer-events', list)).toEqual({ written: 2, repeated: 0 });
    const stored = await mine(under, 'customer-events', list);
    expect(new Map(stored.map(({ key, row }) => [key, row]))).toEqual(new Map(list.map(({ key, row }) => [key, row])));
    await under.sink.close();
  });

  it('tells rows that it has from those that are new, within a delivery too', async () => {
    const under = await make();
    const [first = anEntry(), second = anEntry(), third = anEntry()] = entries(3);
    await under.sink.deliver('customer-events', [first, second]);
    const counts = await under.sink.deliver('customer-events', [second, third, third, first]);
    expect(counts).toEqual({ written: 1, repeated: 3 });
    expect(keysOf(await mine(under, 'customer-events', [first, second, third]))).toEqual(
      keysOf([first, second, third]),
    );
    await under.sink.close();
  });

  it('keeps the feeds apart', async () => {
    const under = await make();
    const entry = anEntry();
    const user: FeedEntry = { key: entry.key, row: { ...entry.row, source_log_type: 'auditusers' } };
    await under.sink.deliver('customer-events', [entry]);
    expect(await under.sink.deliver('audit-users', [user])).toEqual({ written: 1, repeated: 0 });
    expect(await mine(under, 'audit-users', [user])).toEqual([user]);
    await under.sink.close();
  });

  it('knows its rows after a restart', async () => {
    const under = await make();
    const list = entries(5);
    await under.sink.deliver('customer-events', list);
    await under.sink.close();
    const sink = await under.again();
    const more = anEntry();
    expect(await sink.deliver('customer-events', [...list, more])).toEqual({ written: 1, repeated: 5 });
    await sink.close();
    expect(keysOf(await mine(under, 'customer-events', [...list, more]))).toEqual(keysOf([...list, more]));
  });

  it('takes an empty delivery', async () => {
    const under = await make();
    expect(await under.sink.deliver('audit-users', [])).toEqual({ written: 0, repeated: 0 });
    await under.sink.close();
  });

  it('takes more rows than one batch holds', async () => {
    const under = await make();
    const list = entries(2_100, { filling: 'x'.repeat(600) });
    expect(await under.sink.deliver('customer-events', list)).toEqual({ written: 2_100, repeated: 0 });
    expect(keysOf(await mine(under, 'customer-events', list))).toEqual(keysOf(list));
    expect(await under.sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 2_100 });
    await under.sink.close();
  });

  it('stores each row once when two deliver the same at the same time', async () => {
    const under = await make();
    const list = entries(200);
    const [one, two] = await Promise.all([
      under.sink.deliver('customer-events', list),
      under.sink.deliver('customer-events', [...list].reverse()),
    ]);
    expect(one.written + two.written).toBe(200);
    expect(keysOf(await mine(under, 'customer-events', list))).toEqual(keysOf(list));
    await under.sink.close();
  });

  it.each([
    ['a NUL', { action: 'no\0pe', 'na\0me': 1 }],
    ['half of a surrogate pair', { action: 'no\ud83dpe' }],
    ['a text of 3 MB', { action: 'x'.repeat(3_000_000) }],
    ['a name of its own for __proto__', JSON.parse('{"__proto__": {"a": 1}}') as Record<string, unknown>],
    ['3,000 levels', { data: nested(3_000) }],
    ['levels beyond what JSON is written for', { data: nested(100_000) }],
    ['a time that is none', { _time: '2024-02-31T25:61:00Z' }],
  ])('is not stopped by %s', async (_what, fields) => {
    const under = await make();
    const odd = anEntry(fields);
    const list = [anEntry(), odd, anEntry()];
    expect(await under.sink.deliver('customer-events', list)).toEqual({ written: 3, repeated: 0 });
    expect(keysOf(await mine(under, 'customer-events', list))).toEqual(keysOf(list));
    expect(await under.sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 3 });
    await under.sink.close();
  });

  it('takes nothing after it was closed, and may be closed twice', async () => {
    const { sink } = await make();
    await sink.deliver('customer-events', [anEntry()]);
    await sink.close();
    await sink.close();
    const late = await sink.deliver('customer-events', [anEntry()]).catch((error: unknown) => error);
    expect(late).toMatchObject({ name: 'SinkError', kind: 'unavailable' });
    expect(String(late)).not.toContain(PERSONAL);
  });
}
