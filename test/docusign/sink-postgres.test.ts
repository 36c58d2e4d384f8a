import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database, type DatabaseSettings } from '../../src/crm/database.js';
import { migrate } from '../../src/crm/migrate.js';
import type { FeedRow } from '../../src/docusign/rows.js';
import type { SinkDatabase } from '../../src/docusign/sinks/database.js';
import { openSink } from '../../src/docusign/sinks/open.js';
import { createPostgresSink } from '../../src/docusign/sinks/postgres.js';
import { readCustomerEvents } from '../../src/docusign/sinks/reading.js';
import { aPostgres, postgresAtHand, type ThrowAwayPostgres } from '../support/postgres.js';
import { aLog, anEntry, entries, keepsTheSinkContract, keysOf, PERSONAL, type SinkUnderTest } from './sink-contract.js';

const absent = postgresAtHand() === undefined;
if (absent) console.warn('SKIPPED: no PostgreSQL found. Debian: apt-get install postgresql, or set DATABASE_URL_TEST.');

describe.skipIf(absent)('the sink in a real PostgreSQL (skipped without one)', () => {
  let server: ThrowAwayPostgres;
  beforeAll(async () => {
    server = await aPostgres();
  }, 120_000);
  afterAll(() => server?.stop(), 60_000);

  storesInPostgres(() => ({ url: server.url }));

  it('waits for another process that has a row of the same key under way, and does not store it twice', async () => {
    const entry = anEntry();
    const other = await openDatabase({ url: server.url });
    const sink = createPostgresSink(() => openDatabase({ url: server.url }), aLog());
    const INSERT = `INSERT INTO docusign_events (feed, key, _time, source_log_type, vendor, product, event)
      VALUES ('customer-events', $1, now(), 'customerevent', 'docusign', 'docusign', '{}')`;
    const mine = await other.transaction(async (tx) => {
      await tx.query(INSERT, [entry.key]);
      const delivery = sink.deliver('customer-events', [entry]);
      await expect
        .poll(() => other.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), { timeout: 10_000 })
        .toHaveLength(1);
      return { delivery };
    });
    expect(await mine.delivery).toEqual({ written: 0, repeated: 1 });
    await sink.close();
    await other.close();
  });
});

describe('the sink in the embedded database', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-sink-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  storesInPostgres(() => ({ folder }));
});

/** The deals hold the database open beside the sink, as in a worker. */
function storesInPostgres(settings: () => DatabaseSettings): void {
  let deals: Database;
  let log = aLog();
  const database = (): Promise<Database> => openDatabase(settings());
  const open = () => openSink({ kind: 'postgres' }, { folder: '/nowhere', database, log });

  beforeAll(async () => {
    deals = await openDatabase(settings());
  }, 120_000);
  afterAll(() => deals?.close());

  it('says how to mend a database without its table', async () => {
    const sink = await open();
    const behind = { kind: 'refused', message: expect.stringContaining('npm run setup') as string };
    await expect(sink.check()).rejects.toMatchObject(behind);
    await expect(sink.deliver('customer-events', [anEntry()])).rejects.toMatchObject(behind);
    await migrate(deals);
    expect(await sink.deliver('customer-events', [anEntry()])).toEqual({ written: 1, repeated: 0 });
    await sink.close();
  });

  describe('once migrated', () => {
    keepsTheSinkContract(async (): Promise<SinkUnderTest> => {
      log = aLog();
      return {
        sink: await open(),
        stored: async (feed) =>
          (
            await deals.query<{ key: string; event: FeedRow }>(
              'SELECT key, event FROM docusign_events WHERE feed = $1',
              [feed],
            )
          ).map(({ key, event }) => ({ key, row: event })),
        again: open,
      };
    });
  });

  it('writes all of a delivery or nothing', async () => {
    const list = entries(1_200);
    let statements = 0;
    const failing: SinkDatabase = {
      query: (text, values) => deals.query(text, values),
      transaction: (work) =>
        deals.transaction((tx) =>
          work({
            query: async (text, values) => {
              statements += 1;
              if (statements === 3) throw new Error('the connection is lost');
              return tx.query(text, values);
            },
          }),
        ),
      close: async () => {},
    };
    const sink = createPostgresSink(async () => failing, aLog());
    await expect(sink.deliver('customer-events', list)).rejects.toMatchObject({ kind: 'unavailable' });
    const there = await deals.query('SELECT 1 FROM docusign_events WHERE key = ANY($1)', [keysOf(list)]);
    expect(there).toEqual([]);
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 1_200, repeated: 0 });
  });

  it('is not fooled when it was killed, or the connection lost, after the commit', async () => {
    const list = entries(3);
    let lost = false;
    const deaf: SinkDatabase = {
      query: (text, values) => deals.query(text, values),
      async transaction(work) {
        const done = await deals.transaction(work);
        if (!lost) {
          lost = true;
          throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        }
        return done;
      },
      close: async () => {},
    };
    const sink = createPostgresSink(async () => deaf, aLog());
    const first = await sink.deliver('customer-events', list).catch((error: unknown) => error);
    expect(first).toMatchObject({ kind: 'unavailable' });
    expect(String(first)).toContain('ECONNRESET');
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 3 });
  });

  it('keeps a refused row as text, whole, says so, and tells nothing of it', async () => {
    log = aLog();
    const sink = await open();
    const odd = anEntry({ _time: '2024-02-31T25:61:00Z', action: 'naïve \0' });
    await sink.deliver('customer-events', [anEntry(), odd]);
    const [row] = await deals.query<{ event: Record<string, string>; altered: string }>(
      'SELECT event, altered FROM docusign_events WHERE key = $1',
      [odd.key],
    );
    expect(row?.altered).toMatch(/^kept as text \(22/);
    expect(JSON.parse(row?.event['countersign_text'] ?? '')).toEqual(odd.row);
    expect(log.said).toHaveLength(1);
    expect(log.said[0]).not.toMatch(new RegExp(`${PERSONAL}|${odd.key}`));
    await sink.close();
  });

  it('says of a row that characters were replaced', async () => {
    const sink = await open();
    const odd = anEntry({ action: 'a\0b\ud800c\\u0000' });
    await sink.deliver('customer-events', [odd]);
    const rows = await deals.query('SELECT action, altered FROM docusign_events WHERE key = $1', [odd.key]);
    expect(rows).toEqual([{ action: 'a\ufffdb\ufffdc\\u0000', altered: 'characters that cannot be stored' }]);
    await sink.close();
  });

  it('reads customer events back by time and integration key, page after page', async () => {
    const sink = await open();
    const day = '1999-05-05';
    const key = 'ABCDEF00-83c3-4940-af5e-cda8a50dd73f';
    const list = entries(1_003, { _time: `${day}T10:00:00Z`, integratorKey: key });
    const others = [
      anEntry({ _time: `${day}T11:00:00Z` }),
      anEntry({ _time: '1999-05-06T00:00:00Z', integratorKey: key }),
    ];
    await sink.deliver('customer-events', [...list, ...others]);
    await sink.deliver('audit-users', [anEntry({ _time: `${day}T10:00:00Z`, source_log_type: 'auditusers' })]);
    await sink.close();
    const read = async (integrationKey?: string): Promise<FeedRow[]> => {
      const query = { from: new Date(`${day}T00:00:00Z`), to: new Date('1999-05-06T00:00:00Z') };
      const rows: FeedRow[] = [];
      const wanted = { ...query, ...(integrationKey !== undefined && { integrationKey }) };
      for await (const row of readCustomerEvents({ kind: 'postgres' }, { database }, wanted)) rows.push(row);
      return rows;
    };
    expect((await read(key.toLowerCase())).map(({ eventId }) => eventId).sort()).toEqual(keysOf(list));
    expect(await read()).toHaveLength(list.length + 1);
  });
}

describe('the sink in a database that does not answer', () => {
  it('says so by code, and tries again at the next delivery', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((done) => closed.close(done));
    const sink = createPostgresSink(() => openDatabase({ url: `postgresql://ada:secret@127.0.0.1:${port}/x` }), aLog());
    const failure = await sink.deliver('customer-events', [anEntry()]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') as string });
    expect(String(failure)).not.toMatch(/secret|ada/);
    await sink.close();
  });

  it('tells why it does not open, and opens once it does', async () => {
    let tries = 0;
    const sink = createPostgresSink(async () => {
      tries += 1;
      throw new Error('in use by process 7');
    }, aLog());
    await expect(sink.check()).rejects.toMatchObject({ kind: 'unavailable', message: /in use by process 7/ });
    await expect(sink.check()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(tries).toBe(2);
  });
});
