import type { EnvelopeReading } from '../provider.js';
import type { AtlasClient } from './client.js';
import type { ListFilter } from './envelopes.js';
import { externalIdIn, readBack, tellsMetadata, timeOf, type Reading } from './reading.js';
import type { AtlasEnvelope, AtlasList } from './schemas.js';

const MAX_PAGES = 50;
const MAX_READ_BACKS = 100;

/**
 * Every envelope whose `external_id` is exactly this, newest first. The filter and the pages of the list are barely documented (Atlas notes 13),
 * so each row is checked, and "none" is only said when the whole list was understood: a wrong "none" would make a second envelope.
 */
export async function findEnvelopes(client: AtlasClient, externalId: string): Promise<EnvelopeReading[]> {
  const found: Reading[] = [];
  const seen = new Set<string>();
  const search = new Search(client, externalId);
  let filter: ListFilter | null = { externalId };
  let whole = false;
  for (let page = 0; page < MAX_PAGES && filter !== null; page += 1) {
    const list: AtlasList = await client.envelopes.list(filter);
    const fresh = list.rows.filter((row) => !seen.has(search.idOf(row)));
    for (const row of fresh) {
      seen.add(search.idOf(row));
      const match = await search.check(row);
      if (match) found.push(match);
    }
    whole = !list.more || (page > 0 && list.rows.length === 0);
    // No new row on a next page: the server does not know the way of paging that was tried.
    filter = whole || (page > 0 && fresh.length === 0) ? null : nextPage(list, externalId);
  }
  if (found.length === 0 && !whole) throw search.unclear('next: the list goes on in a way that is not understood');
  if (found.length === 0 && search.untold > 0)
    throw search.unclear('metadata.external_id: told by neither list nor envelope');
  return found.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0)).map((match) => match.reading);
}

function nextPage(list: AtlasList, externalId: string): ListFilter | null {
  if (list.next !== null) return { externalId, next: list.next };
  return list.page === null ? null : { externalId, page: list.page + 1 };
}

class Search {
  /** Envelopes of which nothing tells the `external_id`. */
  untold = 0;
  private readBacks = 0;

  constructor(
    private readonly client: AtlasClient,
    private readonly externalId: string,
  ) {}

  idOf(row: AtlasEnvelope): string {
    if (!row.envelope_id) throw this.unclear('envelope_id: missing from a row');
    return row.envelope_id;
  }

  async check(row: AtlasEnvelope): Promise<Reading | null> {
    const told = tellsMetadata(row);
    if (told && externalIdIn(row) !== this.externalId) return null;
    this.readBacks += 1;
    if (this.readBacks > MAX_READ_BACKS)
      throw this.unclear(`envelopes: more than ${MAX_READ_BACKS} have to be read one by one`);
    const read = await readBack(this.client, this.idOf(row));
    if (!told && !read.tellsMetadata) this.untold += 1;
    if (!told && read.reading.externalId !== this.externalId) return null;
    return {
      ...read,
      reading: { ...read.reading, externalId: this.externalId },
      createdAt: timeOf(row.created_at) ?? read.createdAt,
    };
  }

  unclear(problem: string): Error {
    return this.client.errors.unreadable({ what: 'GET /api/envelopes by external_id' }, problem);
  }
}
