/** Who uses DocuSign for what, out of the customer events at the sink: counts and ids, nobody's name. */
import type { FeedRow } from '../../docusign/rows.js';

/** What of an event counts here. */
export interface Use {
  /** UTC, `2026-01-31`. */
  day: string;
  /** ISO 8601. */
  at: string;
  /** The integration key, lower case; null for what people do on DocuSign's own pages. */
  key: string | null;
  userId: string | null;
  what: string;
  /** Lower case. */
  envelopeIds: string[];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** DocuSign's words for objects, actions and sources; whatever else stands there may be somebody's name. */
const WORD = /^[A-Za-z][A-Za-z0-9 _.-]{0,59}$/;

export function useOf(row: FeedRow): Use {
  const words = ['object', 'action', 'source'].map((name) => row[name]).filter((word) => word !== undefined);
  return {
    day: row._time.slice(0, 10),
    at: row._time,
    key: guidIn(row['integratorKey']),
    userId: guidIn(row['userId']),
    what: words.map((word) => (typeof word === 'string' && WORD.test(word) ? word : '(other)')).join(' '),
    envelopeIds: [...new Set([...envelopesIn(row), ...envelopesIn(objectOf(row['data']))])],
  };
}

function guidIn(value: unknown): string | null {
  return typeof value === 'string' && GUID.test(value.trim()) ? value.trim().toLowerCase() : null;
}

function envelopesIn(fields: Record<string, unknown>): string[] {
  return Object.entries(fields)
    .filter(([name]) => /^envelope_?ids?$/i.test(name))
    .flatMap(([, value]): unknown[] => (Array.isArray(value) ? value : [value]))
    .flatMap((value) => guidIn(value) ?? []);
}

/** `data` is an object, or the text of one. */
function objectOf(data: unknown): Record<string, unknown> {
  if (typeof data === 'string') {
    try {
      return objectOf(JSON.parse(data) as unknown);
    } catch {
      return {};
    }
  }
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}
