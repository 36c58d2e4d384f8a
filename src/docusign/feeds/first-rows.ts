import type { DocusignAccount } from '../account.js';
import type { FeedRow } from '../rows.js';
import type { DocusignSettings, Feed } from '../settings.js';
import { createUserReader } from './audit-users.js';
import { readEventsPage } from './customer-events.js';
import { isoSecond } from './times.js';

/**
 * At most `limit` rows of a feed since `since` (ms since 1970), as they would go to the sink, for a person to look at. Changes nothing: how far the
 * feed has come stays as it is. Throws `DocusignError`.
 */
export async function readFirstRows(
  account: DocusignAccount,
  feed: Feed,
  { monitorApi, limit, since }: Pick<DocusignSettings, 'monitorApi'> & { limit: number; since: number },
): Promise<FeedRow[]> {
  const from = isoSecond(since);
  const { entries } =
    feed === 'customer-events'
      ? await readEventsPage(account, { monitorApi, maxEvents: limit }, from)
      : await createUserReader(account, limit).next({ since: from, sweep: null }, limit);
  return entries.slice(0, limit).map(({ row }) => row);
}
