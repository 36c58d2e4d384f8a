/**
 * The deals that wait longest in their stage. Temporal lists the newest first, knows no other order everywhere, and takes its time for each deal of a
 * list, while it counts fast. So a moment before which about as many deals as are wanted entered their stage is sought by counting, and only
 * those are listed.
 */
import type { DealFilter, DealLine } from '../deal-list.js';
import type { Desk } from '../desk.js';

export interface Waiting {
  /** Those in their stage for longest, the oldest first. */
  deals: DealLine[];
  total: number;
}

export type Oldest = (desk: Pick<Desk, 'count' | 'list'>, now: number) => Promise<Waiting>;

/** How many deals were in their stage before the moment. */
interface Found {
  moment: number;
  there: number;
}

/** How many moments are tried at once, and how close two of them may come, in milliseconds. */
const TRIED = 7;
const CLOSEST = 1_000;
const LONGEST = 400 * 24 * 3_600_000;

/** A reader of the `wanted` oldest of the filter's deals. It remembers the moment it found: that moves slowly, so most readings count twice and list once. */
export function oldestOf(filter: Omit<DealFilter, 'since' | 'cursor' | 'limit'>, wanted: number): Oldest {
  const most = Math.ceil(wanted * 1.25);
  let known: Found | undefined;

  return async (desk, now) => {
    const before = (moment: number | undefined): DealFilter =>
      moment === undefined ? filter : { ...filter, since: new Date(moment).toISOString() };
    const count = (moment?: number): Promise<number> => desk.count(before(moment));
    const list = (moment: number | undefined) => desk.list({ ...before(moment), limit: most });

    let moment = known?.moment;
    // At once, for what was right at the last reading mostly still is.
    const [total, there, tried] = await Promise.all([count(), count(moment), list(moment)]);
    let page = tried;
    const fits = known !== undefined && ((there >= wanted && there <= most) || there === known.there);
    const right = total <= most ? known === undefined : fits;
    if (!right) {
      known = total <= most ? undefined : await momentOf(count, now);
      moment = known?.moment;
      page = await list(moment);
    }
    const deals = page.deals.toSorted((a, b) => (a.since ?? a.startedAt).localeCompare(b.since ?? b.startedAt));
    // Where all were listed the list is the better count: some may have come or gone between the two.
    const all = moment === undefined && page.next === null;
    return { deals: deals.slice(0, wanted), total: all ? deals.length : Math.max(total, deals.length) };
  };

  /** The moment before which about as many as are wanted entered their stage; where too many did so at once, the one after that. */
  async function momentOf(count: (moment: number) => Promise<number>, now: number): Promise<Found> {
    let many = Infinity;
    let [early, late] = [now - LONGEST, now + CLOSEST];
    while (late - early > CLOSEST) {
      const step = (late - early) / (TRIED + 1);
      const moments = Array.from({ length: TRIED }, (_, index) => Math.round(early + step * (index + 1)));
      const counts = await Promise.all(moments.map(count));
      const first = counts.findIndex((there) => there >= wanted);
      const there = counts[first];
      const moment = moments[first];
      if (there !== undefined && moment !== undefined) {
        if (there <= most) return { moment, there };
        [early, late, many] = [moments[first - 1] ?? early, moment, there];
      } else early = moments.at(-1) ?? late;
    }
    return { moment: late, there: many };
  }
}
