/** Customer events read back from where they were delivered to, for the inventory of what else uses DocuSign. */
import { SinkError, type FeedRow } from '../rows.js';
import type { SinkSettings } from '../settings.js';
import type { SinkDatabase } from './database.js';
import { entryOf } from './lines.js';
import { sqlSinkError } from './sql-errors.js';
import { restored } from './storable.js';
import { isThere, turnedOver } from './turned-over.js';
import { wholeLines } from './whole-lines.js';

export interface EventQuery {
  /** Included. */
  from: Date;
  /** Left out. */
  to: Date;
  /** Upper or lower case. */
  integrationKey?: string;
}

const PAGE = 1_000;

const SELECT = `
  SELECT _time::text AS time, key, event, altered FROM docusign_events
  WHERE feed = 'customer-events' AND _time >= $1 AND _time < $2
    AND ($3::text IS NULL OR integration_key = $3)
    AND ($4::timestamptz IS NULL OR (_time, key) > ($4::timestamptz, $5))
  ORDER BY _time, key
  LIMIT ${PAGE}`;

interface EventRow extends Record<string, unknown> {
  time: string;
  key: string;
  event: FeedRow;
  altered: string | null;
}

/**
 * From PostgreSQL by time; from the file, while a worker may write to it, in the order they were delivered. `database` is opened when it is
 * needed and closed with the last row. Rows that had to be kept as text are left out where an integration key is asked for. Throws
 * `SinkError`, always so for a log collector.
 */
export async function* readCustomerEvents(
  settings: SinkSettings,
  parts: { database: () => Promise<SinkDatabase> },
  query: EventQuery,
): AsyncGenerator<FeedRow> {
  if (settings.kind === 'http') {
    throw new SinkError(
      'refused',
      'What was sent to a log collector cannot be read back: set DOCUSIGN_SINK to postgres or to a file, and let the feeds fill it.',
    );
  }
  yield* settings.kind === 'file' ? fromFiles(settings.path, query) : fromDatabase(parts, query);
}

async function* fromDatabase(
  parts: { database: () => Promise<SinkDatabase> },
  { from, to, integrationKey }: EventQuery,
): AsyncGenerator<FeedRow> {
  const database = await parts.database();
  try {
    let last: EventRow | undefined;
    do {
      const values = [from.toISOString(), to.toISOString(), integrationKey?.toLowerCase() ?? null];
      const page = await database
        .query<EventRow>(SELECT, [...values, last?.time ?? null, last?.key ?? null])
        .catch((error: unknown) => {
          throw sqlSinkError(error);
        });
      for (const { event, altered } of page) yield restored(event, altered);
      last = page.length < PAGE ? undefined : page.at(-1);
    } while (last);
  } finally {
    await database.close();
  }
}

async function* fromFiles(path: string, { from, to, integrationKey }: EventQuery): AsyncGenerator<FeedRow> {
  const files = await turnedOver(path);
  if (await isThere(path)) files.push(path);
  if (files.length === 0)
    throw new SinkError('refused', 'There is no file of DOCUSIGN_SINK yet: let the feeds fill it.');
  const key = integrationKey?.toLowerCase();
  for (const file of files) {
    for await (const { text } of wholeLines(file)) {
      const read = entryOf(text);
      if (read?.feed !== 'customer-events') continue;
      const { row } = read.entry;
      const time = Date.parse(row._time);
      if (!(time >= from.getTime() && time < to.getTime())) continue;
      const used = row['integratorKey'];
      if (key === undefined || (typeof used === 'string' && used.toLowerCase() === key)) yield row;
    }
  }
}
