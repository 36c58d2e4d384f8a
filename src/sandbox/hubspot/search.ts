/** The search of deals (HubSpot docs, Search the CRM): behind the records by a while, and narrow in what it takes. */
import { z } from 'zod';
import type { Account, StoredRecord, Values } from './account.js';
import { invalid } from './refusal.js';

const filter = z.strictObject({
  propertyName: z.string(),
  operator: z.enum(['EQ', 'NEQ', 'LT', 'LTE', 'GT', 'GTE', 'IN', 'NOT_IN', 'HAS_PROPERTY', 'NOT_HAS_PROPERTY']),
  value: z.string().optional(),
  values: z.array(z.string()).optional(),
});

const request = z.strictObject({
  filterGroups: z
    .array(z.strictObject({ filters: z.array(filter).max(6) }))
    .max(5)
    .default([]),
  sorts: z.array(z.string()).max(1).default([]),
  properties: z.array(z.string()).default([]),
  query: z.string().optional(),
  limit: z.int().min(1).max(200).default(10),
  after: z.string().regex(/^\d+$/).default('0'),
});

const MOST_FILTERS = 18;
const MOST_RESULTS = 10_000;

type Filter = z.output<typeof filter>;
type Seen = { id: string; properties: Values };

/** Deals as they stood `delayMs` ago. */
export function searchDeals(account: Account, body: unknown, delayMs: number): Record<string, unknown> {
  const read = request.safeParse(body);
  if (!read.success) throw invalid(`Invalid input JSON: ${z.prettifyError(read.error)}`);
  const { filterGroups, sorts, properties, limit, after } = read.data;
  const filters = filterGroups.flatMap((group) => group.filters);
  if (filters.length > MOST_FILTERS) throw invalid('There are too many filters');
  const known = account.definitionsOf('deals');
  for (const { propertyName } of filters)
    if (!known.has(propertyName)) throw invalid(`There was a problem with the request: no property ${propertyName}`);
  const from = Number(after);
  if (from + limit > MOST_RESULTS) throw invalid('The "after" value is too high: 10,000 results at most');

  const found = [...account.records.deals.values()]
    .flatMap((record) => indexed(record, Date.now() - delayMs) ?? [])
    .filter(
      (deal) =>
        filterGroups.length === 0 || filterGroups.some((group) => group.filters.every((one) => fits(deal, one))),
    )
    .sort(orderBy(sorts[0] ?? 'hs_object_id'));
  const page = found.slice(from, from + limit);
  return {
    total: found.length,
    results: page.map((deal) => ({
      id: deal.id,
      properties: Object.fromEntries(
        ['hs_object_id', 'dealstage', ...properties].map((name) => [name, deal.properties[name] ?? null]),
      ),
      createdAt: new Date(0).toISOString(),
      updatedAt: new Date(0).toISOString(),
      archived: false,
    })),
    ...(from + limit < found.length && { paging: { next: { after: String(from + limit) } } }),
  };
}

function indexed(record: StoredRecord, at: number): Seen | null {
  const then = record.history.findLast((state) => state.at <= at);
  return then && !then.archived ? { id: record.id, properties: then.properties } : null;
}

function fits({ properties }: Seen, { propertyName, operator, value = '', values = [] }: Filter): boolean {
  const own = properties[propertyName] ?? null;
  if (operator === 'HAS_PROPERTY') return own !== null;
  if (operator === 'NOT_HAS_PROPERTY') return own === null;
  if (own === null) return operator === 'NEQ' || operator === 'NOT_IN';
  switch (operator) {
    case 'EQ':
      return own === value;
    case 'NEQ':
      return own !== value;
    case 'IN':
      return values.includes(own);
    case 'NOT_IN':
      return !values.includes(own);
    case 'LT':
      return Number(own) < Number(value);
    case 'LTE':
      return Number(own) <= Number(value);
    case 'GT':
      return Number(own) > Number(value);
    case 'GTE':
      return Number(own) >= Number(value);
  }
}

function orderBy(sort: string): (one: Seen, other: Seen) => number {
  const name = sort.replace(/^-/, '');
  const sign = sort.startsWith('-') ? -1 : 1;
  return (one, other) => sign * (Number(one.properties[name] ?? 0) - Number(other.properties[name] ?? 0));
}
