/** One page of a feed for a person to look at. */
import { readFirstRows } from '../../docusign/feeds/first-rows.js';
import { openDocusignAccount } from '../../docusign/open-account.js';
import type { DocusignSettings, Feed } from '../../docusign/settings.js';
import { printable } from '../discreet.js';
import type { Answer } from '../program.js';

/**
 * At most `limit` rows from as far back as the feed's first fetch looks, as they would be delivered; what the feed has come to stays as it is.
 * Throws `DocusignError`.
 */
export async function getEvents(
  settings: DocusignSettings,
  { feed, limit, warn }: { feed: Feed; limit: number; warn: (text: string) => void },
): Promise<Answer> {
  const log = { info: () => undefined, warn: (_attributes: object, message: string) => warn(`${message}\n`) };
  const account = openDocusignAccount(settings, { log });
  try {
    const { monitorApi, firstLookBackMs } = settings;
    const rows = await readFirstRows(account, feed, { monitorApi, limit, since: Date.now() - firstLookBackMs });
    const lines = [
      `${feed}: ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`,
      ...rows.map((row) => printable(JSON.stringify(row))),
    ];
    return { ok: true, json: { ok: true, feed, rows }, text: `${lines.join('\n')}\n` };
  } finally {
    await account.close();
  }
}
