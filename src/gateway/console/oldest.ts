/**
 * The deals that wait longest in their stage. Temporal lists the newest first, knows no other order everywhere, and takes its time for each deal of a
 * list, while it counts fast. So a moment before which about as many deals as are wanted entered their stage is sought by counting, only those
 * are listed, and while counting shows that they are the same still, they are not listed again.
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

/** A reader of the `wanted` oldest of the filter's deals. It remembers the moment it found and the deals: most readings only count. */
export function oldestOf(filter: Omit<DealFilter, 'since' | 'query' | 'cursor' | 'limit'>, wanted: number): Oldest {
  const most = Math.ceil(wanted * 1.25);
  let known: Found | undefined;
  /** All deals before the known moment, at the last reading; undefined when they were too many for one list. */
  let listed: DealLine[] | undefined;

  return async (desk, now) => {
    const before = (moment: number | undefined): DealFilter =>
      moment === undefined ? filter : { ...filter, since: new Date(moment).toISOString() };
    const count = (moment?: number): Promise<number> => desk.count(before(moment));

    const [remembered, last] = [known, listed];
    const [total, there, same] = await Promise.all([
      count(),
      remembered && count(remembered.moment),
      last && (last.length === 0 ? 0 : desk.count({ ...before(remembered?.moment), query: asTheyWere(last) })),
    ]);
    const fits = remembered !== undefined && there !== undefined && isAbout(there, remembered);
    const right = total <= most ? remembered === undefined : fits;
    const complete = last !== undefined && (there ?? total) === last.length && same === last.length;
    if (right && complete) return waiting(last, remembered ? total : last.length);

    const found = right ? remembered : total <= most ? undefined : await momentOf(count, now);
    const page = await desk.list({ ...before(found?.moment), limit: most });
    [known, listed] = [found, page.next === null ? page.deals : undefined];
    // Where all were listed the list is the better count: some may have come or gone between the two.
    const all = found === undefined && page.next === null;
    return waiting(page.deals, all ? page.deals.length : Math.max(total, page.deals.length));
  };

  function isAbout(there: number, remembered: Found): boolean {
    return (there >= wanted && there <= most) || there === remembered.there;
  }

  function waiting(some: readonly DealLine[], total: number): Waiting {
    const deals = some.toSorted((a, b) => (a.since ?? a.startedAt).localeCompare(b.since ?? b.startedAt));
    return { deals: deals.slice(0, wanted), total };
  }

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

/**
 * What finds each of these deals for as long as the queue shows the same of it. A deal that left its stage and came back did so later than any
 * of them had entered theirs; one that was resumed in vain may stand still for another reason.
 */
function asTheyWere(deals: readonly DealLine[]): string {
  const moments = deals.flatMap(({ since }) => (since === null ? [] : [Date.parse(since)]));
  const groups = [...new Set(deals.map(({ blocked }) => blocked))].map((reason) => {
    const runs = deals.filter(({ blocked }) => blocked === reason).map(({ runId }) => `'${runId}'`);
    return `(DealBlocked ${reason === null ? 'IS NULL' : `= '${reason}'`} AND RunId IN (${runs.join(', ')}))`;
  });
  // Before the next millisecond and not at the latest: the dev server compares times as texts, in which 0.120 comes after 0.12.
  const entered =
    moments.length === 0 ? 'StageSince IS NULL' : `StageSince < '${new Date(Math.max(...moments) + 1).toISOString()}'`;
  return `${entered} AND (${groups.join(' OR ')})`;
}
