/** The organization's users that were changed since a time, as the Admin API lists them. */
import { z } from 'zod';
import { DocusignError, type DocusignAccount, type DocusignAnswer } from '../account.js';
import { fingerprint, isObject, type JsonObject, type OddRecord } from './records.js';

export interface ListedUser {
  id: string;
  /** Tells listed rows apart and puts them in order: a user may be listed once a membership. */
  place: string;
  admin: JsonObject;
}

export interface UserList {
  /** Those behind `after`, in order, `most` at most. */
  users: ListedUser[];
  /** Whether there are no more behind them. */
  whole: boolean;
  /** Whether the list was read without a user coming or going under it. */
  settled: boolean;
  /** When it was begun, ms since 1970, by DocuSign's clock. */
  startedAt: number;
  odd: OddRecord[];
}

/** The largest page the Cortex pack asks for; DocuSign documents none. */
const PAGE = 250;
const MOST_PAGES = 20_000;
/** A list that changed while it was read is read again, so often. */
const WALKS = 3;

const page = z.looseObject({
  users: z.array(z.unknown()),
  paging: z
    .looseObject({ next: z.string().nullish(), total_set_size: z.coerce.number().nullish().catch(null) })
    .nullish(),
});

/**
 * Reads the whole list, since its order is documented nowhere, and keeps the `most` users next behind `after`. Pages go by offset, so a list that
 * changes meanwhile may skip somebody: then fewer users are met than it says it has, and it is read again, until the number fits or the same
 * users were met twice running. Throws `DocusignError`.
 */
export async function listUsers(
  account: DocusignAccount,
  since: string,
  { after, most }: { after: string; most: number },
): Promise<UserList> {
  const kept = new Map<string, ListedUser>();
  const odd = new Map<string, OddRecord>();
  let whole = true;
  let startedAt = Infinity;
  let settled = false;
  let before = '';

  const keep = (user: ListedUser): void => {
    if (user.place <= after) return;
    kept.set(user.place, user);
    if (kept.size < most * 2) return;
    for (const { place } of inOrder(kept).slice(most)) kept.delete(place);
    whole = false;
  };

  for (let walk = 1; walk <= WALKS && !settled; walk += 1) {
    const met = new Set<string>();
    const totals = new Set<number | null>();
    let rows = 0;
    for await (const { answer, users, total } of pagesOf(account, since)) {
      startedAt = Math.min(startedAt, dateOf(answer));
      totals.add(total);
      for (const raw of users) {
        rows += 1;
        const user = listedUser(raw);
        if (typeof user === 'string') odd.set(fingerprint(raw), { why: user, raw });
        else keep(user);
        met.add(typeof user === 'string' ? fingerprint(raw) : user.place);
      }
    }
    const [total = null] = totals;
    const those = fingerprint([...met].sort());
    settled = totals.size === 1 && (met.size === (total ?? rows) || those === before);
    before = those;
  }
  const users = inOrder(kept);
  return {
    users: users.slice(0, most),
    whole: whole && users.length <= most,
    settled,
    startedAt,
    odd: [...odd.values()],
  };
}

async function* pagesOf(
  account: DocusignAccount,
  since: string,
): AsyncGenerator<{ answer: DocusignAnswer; users: unknown[]; total: number | null }> {
  const path = `/management/v2/organizations/${encodeURIComponent(account.organizationId())}/users`;
  const accountId = await account.accountId();
  const query = { start: '0', take: String(PAGE), account_id: accountId, last_modified_since: since };
  const seen = new Set<string>();
  let next: { path: string; query?: Record<string, string> } | null = { path, query };
  while (next) {
    const answer: DocusignAnswer = await account.call({ api: 'admin', method: 'GET', ...next });
    const read = page.safeParse(answer.json());
    if (!read.success)
      throw new DocusignError('unreadable', 'Admin answered with no list of users.', { status: answer.status });
    const { users, paging } = read.data;
    yield { answer, users, total: paging?.total_set_size ?? null };
    const follow = paging?.next || null;
    if (follow !== null && (seen.has(follow) || seen.size >= MOST_PAGES))
      throw new DocusignError('unreadable', 'The pages of Admin lead in a circle.', { status: answer.status });
    if (follow !== null) seen.add(follow);
    next = follow === null ? null : { path: follow };
  }
}

function listedUser(raw: unknown): ListedUser | string {
  if (!isObject(raw)) return 'it is no object';
  const { id, membership_id: membership } = raw;
  if (typeof id !== 'string' || !/^[\w-]{1,100}$/.test(id)) return 'id is missing or none';
  return { id, place: typeof membership === 'string' ? `${id}/${membership}` : id, admin: raw };
}

function inOrder(users: ReadonlyMap<string, ListedUser>): ListedUser[] {
  return [...users.values()].sort((one, other) => (one.place < other.place ? -1 : 1));
}

/** A clock of DocuSign's that is ahead of ours may make a sweep begin too late, never ours that is behind. */
function dateOf({ headers }: DocusignAnswer): number {
  const told = Date.parse(headers.date ?? '');
  return Number.isNaN(told) ? Date.now() : Math.min(told, Date.now());
}
