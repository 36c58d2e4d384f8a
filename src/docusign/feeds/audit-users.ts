/** Audit users: a sweep over all that were changed since the last one, chunk by chunk. */
import type { UsersSweep } from '../../deal/feeds.js';
import type { DocusignAccount } from '../account.js';
import type { FeedEntry } from '../rows.js';
import type { OddRecord } from './records.js';
import { isoSecond } from './times.js';
import { readUser } from './user-detail.js';
import { listUsers, type ListedUser } from './user-list.js';

export interface UsersChunk {
  entries: FeedEntry[];
  odd: OddRecord[];
  /** Users that were asked for. */
  count: number;
  /** The sweep once the chunk is delivered. */
  sweep: UsersSweep;
  /** Nobody is left in the sweep. */
  ended: boolean;
}

export interface UserReader {
  /**
   * The next users of a sweep, or the first of a new one over those changed `since` where it is null, `most` at most. Asked again it answers the same users, as they are
   * by then. Throws `DocusignError`.
   */
  next(from: { since: string; sweep: UsersSweep | null }, most: number): Promise<UsersChunk>;
}

/** Each a call of its own; the account's limits are shared with the deals. */
const SIDE_BY_SIDE = 4;

interface Ahead {
  of: string;
  from: string;
  users: ListedUser[];
  whole: boolean;
}

/** `listed`: users that one reading of the list is kept for. Only a cache: without it the list is read again. */
export function createUserReader(account: DocusignAccount, listed: number): UserReader {
  let ahead: Ahead | null = null;

  async function listAgain(since: string, sweep: UsersSweep | null) {
    const after = sweep?.after ?? '';
    const list = await listUsers(account, since, { after, most: listed });
    const startedAt = sweep?.startedAt ?? isoSecond(list.startedAt);
    ahead = { of: nameOf(since, startedAt), from: after, users: list.users, whole: list.whole };
    const settled = (sweep?.settled ?? true) && list.settled;
    return { ahead, odd: list.odd, sweep: { since, startedAt, after, settled } };
  }

  return {
    async next({ since, sweep }, most) {
      const known = sweep && covers(ahead, sweep) ? { ahead, odd: [], sweep } : undefined;
      const now = known ?? (await listAgain(sweep?.since ?? since, sweep));
      const left = now.ahead.users.filter(({ place }) => place > now.sweep.after);
      const users = left.slice(0, most);
      const read = await sideBySide(users, (user) => readUser(account, user, now.sweep.startedAt));
      return {
        entries: read.flatMap((one) => ('entry' in one ? [one.entry] : [])),
        odd: [...now.odd, ...read.flatMap((one) => ('odd' in one ? [one.odd] : []))],
        count: users.length,
        sweep: { ...now.sweep, after: users.at(-1)?.place ?? now.sweep.after },
        ended: now.ahead.whole && left.length <= most,
      };
    },
  };
}

const nameOf = (since: string, startedAt: string): string => `${since} ${startedAt}`;

function covers(ahead: Ahead | null, { since, startedAt, after }: UsersSweep): ahead is Ahead {
  if (ahead?.of !== nameOf(since, startedAt) || after < ahead.from) return false;
  return ahead.whole || ahead.users.some(({ place }) => place > after);
}

/** In the order of `items`. The first failure ends it, once what is under way has ended. */
async function sideBySide<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  const waiting = items.entries();
  let failed = false;
  const workers = Array.from({ length: SIDE_BY_SIDE }, async () => {
    for (const [index, item] of waiting) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  const failure = (await Promise.allSettled(workers)).find((worker) => worker.status === 'rejected');
  if (failure) throw failure.reason;
  return results;
}
