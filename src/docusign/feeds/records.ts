/** What the readers of both feeds do with a record. */
import { createHash } from 'node:crypto';
import type { FeedRow } from '../rows.js';

/** A record that is none, before it becomes a dead letter. */
export interface OddRecord {
  why: string;
  raw: unknown;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function rowOf(record: JsonObject, time: string, type: FeedRow['source_log_type']): FeedRow {
  return { ...record, _time: time, source_log_type: type, vendor: 'docusign', product: 'docusign' };
}

/** The same for the same content, whatever the order of its fields: 32 hex digits. */
export function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return names.map((name) => [name, sorted(value[name])]);
}
