/** Rows in the form that PostgreSQL takes. */
import { createHash } from 'node:crypto';
import type { FeedEntry, FeedRow } from '../rows.js';
import { ALTERED_FIELD, jsonOf } from './lines.js';

export interface Storable {
  key: string;
  time: string;
  row: FeedRow;
  json: string;
  altered: string | null;
}

/** Holds a row that had to be kept as text. */
const TEXT_FIELD = 'countersign_text';

/** jsonb knows no NUL and no half of a surrogate pair; both become U+FFFD. */
export function storable({ key, row }: FeedEntry): Storable {
  const json = jsonOf(row);
  // Of the escapes in JSON these alone are of six characters, and matching all keeps an escaped backslash from being taken for a part of one.
  const clean = json.replace(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (escape) =>
    escape.length === 6 ? '\ufffd' : escape,
  );
  return {
    key,
    time: row._time,
    row,
    json: clean,
    altered: clean === json ? null : 'characters that cannot be stored',
  };
}

/** A row that the database refused for its content, as one plain text in which nothing can be refused and nothing is lost. */
export function asText({ key, row }: Storable, code: string): Storable {
  const { _time, source_log_type, vendor, product } = row;
  const ascii = jsonOf(row).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const moment = new Date(_time);
  const usable = !Number.isNaN(moment.getTime()) && moment.getUTCFullYear() > 0 && moment.getUTCFullYear() < 10_000;
  const time = (usable ? moment : new Date()).toISOString();
  const kept = { _time: time, source_log_type, vendor, product, [TEXT_FIELD]: ascii };
  return {
    key: /^[\x20-\x7e]{1,200}$/.test(key) ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`,
    time,
    row,
    json: JSON.stringify(kept),
    altered: `kept as text (${code})`,
  };
}

/** The row as it was before `asText`, with `altered` told in it; others as they are. */
export function restored(event: FeedRow, altered: string | null): FeedRow {
  if (altered === null) return event;
  const text = event[TEXT_FIELD];
  const row = typeof text === 'string' ? { ...(JSON.parse(text) as FeedRow), _time: event._time } : event;
  return { ...row, [ALTERED_FIELD]: altered };
}
