/** The start page: drafts that wait for a person, oldest first, and below them the deals that stand still. */
import type { VNode } from 'preact';
import type { Desk } from '../desk.js';
import { DealTable, isOverdue } from './deal-table.js';
import { oldestOf, type Waiting } from './oldest.js';
import { count } from './words.js';

const REVIEWS = 100;
const BLOCKED = 25;

export interface Queue {
  review: Waiting;
  blocked: Waiting;
  signing: number;
  open: number;
}

/** A reader of the queue, one for all visitors. */
export function queueReader(): (desk: Desk, now: number) => Promise<Queue> {
  const oldestReviews = oldestOf({ stage: 'in-review', blocked: false, open: true }, REVIEWS);
  const oldestBlocked = oldestOf({ blocked: true, open: true }, BLOCKED);
  return async (desk, now) => {
    const [review, blocked, signing, open] = await Promise.all([
      oldestReviews(desk, now),
      oldestBlocked(desk, now),
      desk.count({ stage: 'out-for-signature', open: true }),
      desk.count({ open: true }),
    ]);
    return { review, blocked, signing, open };
  };
}

export function QueuePage({ queue, now }: { queue: Queue; now: number }): VNode {
  const { review, blocked, signing, open } = queue;
  const late = review.deals.filter((deal) => isOverdue(deal, now)).length;
  return (
    <>
      <h1>Queue</h1>
      <ul class="figures" aria-label="Counts">
        <Figure value={review.total} words="waiting for review" href="#review" />
        <Figure
          value={late}
          words={late < review.total && isCut(review) ? 'of those shown past their time' : 'of them past their time'}
          href="#review"
          bad={late > 0}
        />
        <Figure value={blocked.total} words="blocked" href="#blocked" bad={blocked.total > 0} />
        <Figure value={signing} words="out for signature" href="/console/deals?stage=out-for-signature" />
        <Figure value={open} words="open in all" href="/console/deals" />
      </ul>
      <section aria-labelledby="review">
        <h2 id="review">Waiting for review</h2>
        {review.total === 0 ? (
          <p class="empty">No draft waits for a review.</p>
        ) : (
          <>
            <Shown waiting={review} all="/console/deals?stage=in-review&blocked=no" />
            <DealTable
              caption="Deals waiting for review, the longest waiting first"
              deals={review.deals}
              columns={['since', 'due', 'type']}
              now={now}
            />
          </>
        )}
      </section>
      <section aria-labelledby="blocked">
        <h2 id="blocked">Blocked</h2>
        {blocked.total === 0 ? (
          <p class="empty">No deal stands still.</p>
        ) : (
          <>
            <Shown waiting={blocked} all="/console/deals?blocked=any" />
            <DealTable
              caption="Blocked deals, the longest in their stage first"
              deals={blocked.deals}
              columns={['blocked', 'stage', 'since', 'type']}
              now={now}
            />
          </>
        )}
      </section>
    </>
  );
}

function isCut({ deals, total }: Waiting): boolean {
  return total > deals.length;
}

function Shown({ waiting, all }: { waiting: Waiting; all: string }): VNode | null {
  if (!isCut(waiting)) return null;
  const { deals, total } = waiting;
  return (
    <p class="muted">
      The {deals.length} that wait longest of {count(total, 'deal')}. <a href={all}>Show all</a>
    </p>
  );
}

function Figure({ value, words, href, bad }: { value: number; words: string; href: string; bad?: boolean }): VNode {
  return (
    <li class={bad ? 'bad' : undefined}>
      <a href={href}>
        <strong>{value.toLocaleString('en')}</strong> <span>{words}</span>
      </a>
    </li>
  );
}
