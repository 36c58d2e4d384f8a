/** `countersign migrate inventory`: what an integration key is used for, day by day, and which of it is ours. */
import type { FeedRow } from '../../docusign/rows.js';
import { useOf, type Use } from './usage.js';

export interface InventoryLine {
  day: string;
  /** Null: no integration key, so somebody on DocuSign's own pages. */
  key: string | null;
  userId: string | null;
  /**
   * The document type of a deal, `by Countersign` for what its own key did to an envelope that no deal has any more, `not by Countersign`, or
   * null for what is about no envelope.
   */
  documentType: string | null;
  what: string;
  events: number;
  envelopes: number;
}

export interface Inventory {
  from: string;
  to: string;
  /** All customer events at the sink in that time, and those that are counted below. */
  events: number;
  counted: number;
  lines: InventoryLine[];
}

export interface InventoryQuestion {
  from: Date;
  to: Date;
  /** Only what was done with this key. */
  key?: string;
  /** Countersign's own. */
  ownKey: string;
  typesOf: (envelopeIds: string[]) => Promise<Map<string, string>>;
}

export const BY_US = 'by Countersign';
export const NOT_BY_US = 'not by Countersign';

export async function inventoryOf(
  rows: AsyncIterable<FeedRow>,
  { from, to, key, ownKey, typesOf }: InventoryQuestion,
): Promise<Inventory> {
  const uses: Use[] = [];
  let events = 0;
  for await (const row of rows) {
    events += 1;
    const use = useOf(row);
    if (key === undefined || use.key === key.toLowerCase()) uses.push(use);
  }
  const types = await typesOf([...new Set(uses.flatMap(({ envelopeIds }) => envelopeIds))]);
  const lines = new Map<string, InventoryLine & { ids: Set<string> }>();
  for (const use of uses) {
    const { day, key: by, userId, what, envelopeIds } = use;
    const documentType = typeOf(use, types, ownKey.toLowerCase());
    const name = JSON.stringify([day, by, userId, documentType, what]);
    const line = lines.get(name) ?? {
      ...{ day, key: by, userId, documentType, what, events: 0, envelopes: 0 },
      ids: new Set<string>(),
    };
    line.events += 1;
    for (const id of envelopeIds) line.ids.add(id);
    lines.set(name, line);
  }
  const sorted = [...lines].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => line);
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    events,
    counted: uses.length,
    lines: sorted.map(({ ids, ...line }) => ({ ...line, envelopes: ids.size })),
  };
}

function typeOf({ envelopeIds, key }: Use, types: ReadonlyMap<string, string>, ownKey: string): string | null {
  const ours = envelopeIds.map((id) => types.get(id)).find((type) => type !== undefined);
  if (ours !== undefined) return ours === '' ? BY_US : ours;
  if (envelopeIds.length === 0) return null;
  return key === ownKey ? BY_US : NOT_BY_US;
}

export function tellInventory({ from, to, events, counted, lines }: Inventory, key?: string): string {
  const of = key === undefined ? 'any key' : `the key ${key.toLowerCase()}`;
  const head = `Customer events from ${from} to ${to}: ${events} at the sink, ${counted} by ${of}`;
  if (events === 0)
    return `${head}\n\nNone at all: let the feed fill the sink first (DOCUSIGN_FEEDS=customer-events, npm run setup).\n`;
  const columns = ['day', 'key', 'user id', 'document type', 'what', 'events', 'envelopes'];
  const rows = lines.map((line) => [
    line.day,
    line.key ?? 'by hand',
    line.userId ?? '–',
    line.documentType ?? '–',
    line.what || '–',
    String(line.events),
    String(line.envelopes),
  ]);
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const table = [columns, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${[head, '', ...table].join('\n')}\n`;
}
