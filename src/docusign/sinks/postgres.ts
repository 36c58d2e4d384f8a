/** Rows in the table `docusign_events` (`migrations/`), whose primary key tells repeats. */
import { SinkError, type FeedSink } from '../rows.js';
import type { Feed } from '../settings.js';
import { inBatches } from './batches.js';
import { codeOf } from './codes.js';
import type { SinkDatabase, SinkQueryable } from './database.js';
import type { Log } from '../log.js';
import { isAboutARow, sqlSinkError } from './sql-errors.js';
import { asText, storable, type Storable } from './storable.js';

const STATEMENT = { rows: 500, bytes: 4 * 1024 * 1024 };

const INSERT = `
  WITH written AS (
    INSERT INTO docusign_events (feed, key, _time, source_log_type, vendor, product, event, altered)
    SELECT $1, key, time::timestamptz, type, vendor, product, event::jsonb, altered
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      AS entry (key, time, type, vendor, product, event, altered)
    ON CONFLICT DO NOTHING
    RETURNING 1)
  SELECT count(*)::integer AS written FROM written`;

/** Writes nothing, yet fails where a write would: no table, no privilege, or a standby that is read-only. */
const REHEARSAL = `
  INSERT INTO docusign_events (feed, key, _time, source_log_type, vendor, product, event, altered)
  SELECT feed, key, _time, source_log_type, vendor, product, event, altered FROM docusign_events WHERE false
  ON CONFLICT DO NOTHING`;

/**
 * `open` is called at the first use, and again after it failed; what its error says is told on. Each row is stored once, however often and
 * from however many processes it is delivered. One that PostgreSQL refuses for its content is kept as text, and `altered` says so.
 */
export function createPostgresSink(open: () => Promise<SinkDatabase>, log: Log): FeedSink {
  let opened: Promise<SinkDatabase> | undefined;
  let closed = false;

  function database(): Promise<SinkDatabase> {
    if (closed) throw new SinkError('unavailable', 'The database of DOCUSIGN_SINK is closed.');
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      const why = error instanceof Error ? error.message : 'unknown';
      throw new SinkError('unavailable', `The database of DOCUSIGN_SINK does not open: ${why}`, { cause: error });
    });
    return opened;
  }

  async function attempt<T>(work: (held: SinkDatabase) => Promise<T>): Promise<T> {
    const held = await database();
    return work(held).catch((error: unknown) => {
      throw sqlSinkError(error);
    });
  }

  /** Halves what is refused until the row at fault stands alone. */
  async function write(held: SinkDatabase, feed: Feed, rows: readonly Storable[]): Promise<number> {
    try {
      return await held.transaction((tx) => insert(tx, feed, rows));
    } catch (error) {
      const [first] = rows;
      if (!isAboutARow(error) || first === undefined) throw error;
      if (rows.length > 1) {
        const middle = Math.ceil(rows.length / 2);
        return (await write(held, feed, rows.slice(0, middle))) + (await write(held, feed, rows.slice(middle)));
      }
      log.warn({ feed, code: codeOf(error) }, 'the database refused a row for its content: it is kept as text');
      return held.transaction((tx) => insert(tx, feed, [asText(first, codeOf(error))]));
    }
  }

  return {
    deliver: (feed, entries) =>
      attempt(async (held) => {
        if (entries.length === 0) return { written: 0, repeated: 0 };
        // In one order, so that two processes with the same rows wait for each other and do not deadlock.
        const rows = entries.map(storable).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
        const written = await write(held, feed, rows);
        return { written, repeated: entries.length - written };
      }),

    check: () =>
      attempt(async (held) => {
        await held.query(REHEARSAL);
      }),

    async close() {
      closed = true;
      const held = await opened?.catch(() => undefined);
      opened = undefined;
      await held?.close();
    },
  };
}

async function insert(tx: SinkQueryable, feed: Feed, rows: readonly Storable[]): Promise<number> {
  let total = 0;
  for (const batch of inBatches(rows, ({ json }) => json, STATEMENT)) {
    const column = (of: (row: Storable) => unknown): unknown[] => batch.map(of);
    const [answer] = await tx.query<{ written: number }>(INSERT, [
      feed,
      column(({ key }) => key),
      column(({ time }) => time),
      column(({ row }) => row.source_log_type),
      column(({ row }) => row.vendor),
      column(({ row }) => row.product),
      column(({ json }) => json),
      column(({ altered }) => altered),
    ]);
    total += answer?.written ?? 0;
  }
  return total;
}
