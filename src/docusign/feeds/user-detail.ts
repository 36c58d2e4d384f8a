/** A user's row: what the Admin API lists, with the detail of the account beside it. */
import { DocusignError, type DocusignAccount } from '../account.js';
import type { FeedEntry } from '../rows.js';
import { fingerprint, isObject, rowOf, type JsonObject, type OddRecord } from './records.js';
import { fromIso, fromUs } from './times.js';
import type { ListedUser } from './user-list.js';

/** What proves who somebody is, where an account shows it at all. */
const SECRETS = ['password', 'activationAccessCode', 'forgottenPasswordInfo'];

/** These are about one user; anything else is about the account, and the feed waits until it is mended. */
const ABOUT_THE_USER = ['not-found', 'invalid', 'unreadable', 'too-large'];

/**
 * Reads the detail of one user. Admin's fields (`user_name`) stand as they came, those of the detail (`userName`) beside them. `otherwise` is the
 * row's time where nobody tells one. Throws `DocusignError` for what is not about this user.
 */
export async function readUser(
  account: DocusignAccount,
  { id, admin }: ListedUser,
  otherwise: string,
): Promise<{ entry: FeedEntry } | { odd: OddRecord }> {
  let detail: unknown;
  try {
    const answer = await account.call({ api: 'esignature', method: 'GET', path: `/users/${encodeURIComponent(id)}` });
    detail = answer.json();
  } catch (error) {
    if (!(error instanceof DocusignError) || !ABOUT_THE_USER.includes(error.kind)) throw error;
    const told = [error.status, error.code].filter((part) => part !== undefined).join(' ');
    return { odd: { why: `its detail cannot be read: ${error.kind}${told && ` (${told})`}`, raw: admin } };
  }
  if (!isObject(detail)) return { odd: { why: 'its detail is no object', raw: admin } };
  const shown = Object.fromEntries(Object.entries(detail).filter(([name]) => !SECRETS.includes(name)));
  const content = { ...shown, ...admin };
  const row = rowOf(content, timeOf(detail, admin) ?? otherwise, 'auditusers');
  return { entry: { key: `${id}-${fingerprint(content)}`, row } };
}

/** When the user was changed last, by the settings' own date or the best other one. */
function timeOf(detail: JsonObject, admin: JsonObject): string | null {
  const { userSettings } = detail;
  const modified = isObject(userSettings) ? userSettings.modifiedDate : undefined;
  const known = anyTime(modified) ?? anyTime(detail.userProfileLastModifiedDate);
  if (known !== null) return known;
  const { membership_closed_on, closed_on, membership_created_on, created_on } = admin;
  const others = [membership_closed_on, closed_on, membership_created_on, created_on, detail.createdDateTime];
  const times = others.map(anyTime).filter((time) => time !== null);
  return times.sort().at(-1) ?? null;
}

const anyTime = (text: unknown): string | null => fromUs(text) ?? fromIso(text);
