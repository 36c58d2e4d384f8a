/** Customer events: one request to Monitor is one page. */
import { z } from 'zod';
import { DocusignError, type DocusignAccount } from '../account.js';
import type { FeedEntry } from '../rows.js';
import type { DocusignSettings } from '../settings.js';
import { fingerprint, isObject, rowOf, type OddRecord } from './records.js';
import { fromIso } from './times.js';

export interface EventsPage {
  entries: FeedEntry[];
  odd: OddRecord[];
  /** Rows that stood in the page twice. */
  repeated: number;
  /** Null where the answer had none. */
  cursor: string | null;
}

/** The server may ignore `limit`, so a page may be far larger than 2,000 events of half a kilobyte. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_CURSOR = 2_000;

const answered = z.looseObject({
  data: z.array(z.unknown()).optional(),
  resultData: z.array(z.unknown()).optional(),
  endCursor: z.unknown().optional(),
});

/** Reads the page behind `cursor`, an `endCursor` or a time. Throws `DocusignError`; no row makes it throw. */
export async function readEventsPage(
  account: DocusignAccount,
  { monitorApi, maxEvents }: Pick<DocusignSettings, 'monitorApi' | 'maxEvents'>,
  cursor: string,
): Promise<EventsPage> {
  const path =
    monitorApi === 'v2'
      ? '/api/v2.0/datasets/monitor/stream'
      : `/v1/organizations/${encodeURIComponent(account.organizationId())}/stream`;
  const query = { cursor, limit: String(maxEvents) };
  const answer = await account.call({ api: 'monitor', method: 'GET', path, query, maxBytes: MOST_BYTES });
  const parsed = answered.safeParse(answer.json());
  // v2 calls its rows `data`, the organization's stream `resultData`; either is taken from either.
  const rows = parsed.success ? (parsed.data.data ?? parsed.data.resultData) : undefined;
  if (!parsed.success || !rows)
    throw new DocusignError('unreadable', 'Monitor answered without rows (data or resultData).', {
      status: answer.status,
    });
  const { endCursor } = parsed.data;
  const usable = typeof endCursor === 'string' && endCursor !== '' && endCursor.length <= MOST_CURSOR;
  return { ...entriesOf(rows), cursor: usable ? endCursor : null };
}

function entriesOf(rows: readonly unknown[]): Omit<EventsPage, 'cursor'> {
  const entries = new Map<string, FeedEntry>();
  const odd: OddRecord[] = [];
  let repeated = 0;
  for (const raw of rows) {
    const read = entryOf(raw);
    if (typeof read === 'string') {
      odd.push({ why: read, raw });
      continue;
    }
    const same = entries.get(read.key);
    if (!same) entries.set(read.key, read);
    else if (fingerprint(same.row) === fingerprint(read.row)) repeated += 1;
    else odd.push({ why: 'another event of its page has the same eventId', raw });
  }
  return { entries: [...entries.values()], odd, repeated };
}

/** The entry, or why it is none. */
function entryOf(raw: unknown): FeedEntry | string {
  if (!isObject(raw)) return 'it is no object';
  const { eventId, timestamp } = raw;
  const id = typeof eventId === 'number' ? String(eventId) : eventId;
  if (typeof id !== 'string' || id.trim() === '') return 'eventId is missing';
  const time = fromIso(timestamp);
  if (time === null) return 'timestamp is missing or no time';
  const key = /^[\x21-\x7e]{1,200}$/.test(id) ? id : `sha256-${fingerprint(id)}`;
  return { key, row: rowOf(raw, time, 'customerevent') };
}
