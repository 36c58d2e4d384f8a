/** Entries as lines of JSON, for the file and for the log collector. */
import type { FeedEntry, FeedRow } from '../rows.js';
import { FEEDS, type Feed } from '../settings.js';

/** Beside the fields of the row: by them a reader can tell repeats, and the file is read back. */
export const FEED_FIELD = 'countersign_feed';
export const KEY_FIELD = 'countersign_key';
/** Holds, in words, what had to be changed for the sink to take the row. */
export const ALTERED_FIELD = 'countersign_altered';

/** Ends with a line break. */
export function lineOf(feed: Feed, { key, row }: FeedEntry): string {
  return `${jsonOf({ ...row, [FEED_FIELD]: feed, [KEY_FIELD]: key })}\n`;
}

/** A row that is nested beyond what JSON is written for would stop its feed for good: what the dashboards go by is kept of it. */
export function jsonOf(row: FeedRow): string {
  try {
    return JSON.stringify(row);
  } catch {
    const { _time, source_log_type, vendor, product, [FEED_FIELD]: feed, [KEY_FIELD]: key } = row;
    const kept = { _time, source_log_type, vendor, product, [FEED_FIELD]: feed, [KEY_FIELD]: key };
    return JSON.stringify({ ...kept, [ALTERED_FIELD]: 'left out: cannot be written as JSON' });
  }
}

/** Undefined for a line that is none of `lineOf`. */
export function entryOf(line: string): { feed: Feed; entry: FeedEntry } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { [FEED_FIELD]: feed, [KEY_FIELD]: key, ...row } = value as FeedRow;
  const known = FEEDS.find((name) => name === feed);
  return known === undefined || typeof key !== 'string' ? undefined : { feed: known, entry: { key, row } };
}
