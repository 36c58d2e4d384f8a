/** The audit feeds: rows go from DocuSign to the sink inside one activity and never through Temporal. */
import { activityInfo, log, metricMeter } from '@temporalio/activity';
import {
  noRows,
  type FetchedEvents,
  type FetchedUsers,
  type FetchEvents,
  type FetchUsers,
  type RowTally,
  type UsersPlace,
} from '../deal/feeds.js';
import { DocusignError, type DocusignAccount } from '../docusign/account.js';
import { createUserReader } from '../docusign/feeds/audit-users.js';
import { readEventsPage } from '../docusign/feeds/customer-events.js';
import type { OddRecord } from '../docusign/feeds/records.js';
import { fromIso, isoSecond } from '../docusign/feeds/times.js';
import { SinkError, type DeadLetter, type FeedEntry, type FeedSink } from '../docusign/rows.js';
import type { DocusignSettings, Feed } from '../docusign/settings.js';
import { tryLater } from './failures.js';

export interface FeedDeps {
  account: DocusignAccount;
  sink: FeedSink;
  /** Keeps a record that is none; never rejects. */
  deadLetter(letter: DeadLetter): Promise<void>;
  settings: Pick<DocusignSettings, 'monitorApi' | 'maxEvents' | 'maxUsers' | 'firstLookBackMs'>;
  /** Users that are delivered, and remembered as delivered, together; default 25. */
  chunkUsers?: number;
}

const CHUNK = 25;
/** A throttled call may look like a refused cursor, but not so many times. */
const CURSOR_TRIES = 3;
/** Events may be told later than they happened, so a cursor that is given up for a time goes back further than to the newest event. */
const LATE_EVENTS_MS = 3_600_000;
/** A user's change shows in the list when DocuSign's clocks say so, which may be after the change. */
const LATE_USERS_MS = 15 * 60_000;

/** `null` where this worker knows no DocuSign account: the feeds wait for one that does. */
export function createFeedActivities(deps: FeedDeps | null) {
  const reader = deps && createUserReader(deps.account, deps.settings.maxUsers);

  /**
   * One page of customer events, from DocuSign to the sink. A second call with the same place reads the page again; the sink tells what it has.
   * A cursor that DocuSign refuses again and again is given up for the time in its place.
   */
  async function fetchCustomerEvents({ place, startedAt, betweenMs }: FetchEvents): Promise<FetchedEvents> {
    return patiently('customer-events', place?.upTo, betweenMs, async () => {
      const { account, settings } = known(deps);
      const first = timeBefore(startedAt, settings.firstLookBackMs);
      const { cursor, since, upTo } = place ?? { cursor: first, since: first, upTo: first };
      const askedAt = isoSecond(Date.now());
      const page = await readEventsPage(account, settings, cursor).catch((error: unknown) => {
        const refused = error instanceof DocusignError && error.kind === 'invalid' && error.status === 400;
        if (!refused || fromIso(cursor) !== null || activityInfo().attempt < CURSOR_TRIES) throw error;
        return null;
      });
      if (!page) {
        log.warn('DocuSign takes the cursor of the customer events no more: the feed goes back to a time', { since });
        return { place: { cursor: since, since, upTo }, rows: noRows(), behind: true };
      }
      if (page.cursor === null) log.warn('Monitor answered without endCursor: the feed stays where it is');
      const rows = await handOn('customer-events', page);
      rows.repeated += page.repeated;
      const newest = page.entries.reduce((latest, { row }) => (row._time > latest ? row._time : latest), '');
      const moved = page.cursor !== null && page.cursor !== cursor;
      const behind = moved && page.entries.length + page.odd.length > 0;
      // A cursor that was not moved stands for no time: what came with it comes again.
      const reached = page.cursor === null ? upTo : behind ? later(upTo, newest) : askedAt;
      tell('customer-events', rows, reached);
      const covered = newest === '' || !moved ? since : later(since, timeBefore(newest, LATE_EVENTS_MS));
      return { place: { cursor: page.cursor ?? cursor, since: covered, upTo: reached }, rows, behind };
    });
  }

  /**
   * The next chunk of the sweep over the users, from DocuSign to the sink. A second call with the same place reads the same users again; the sink
   * tells whose row has not changed.
   */
  async function fetchAuditUsers({ place, startedAt, taken }: FetchUsers): Promise<FetchedUsers> {
    return patiently('audit-users', place?.upTo, 0, async () => {
      const { settings, chunkUsers = CHUNK } = known(deps);
      const from: UsersPlace = place ?? { upTo: timeBefore(startedAt, settings.firstLookBackMs), sweep: null };
      const most = Math.max(1, Math.min(chunkUsers, settings.maxUsers - taken));
      // The time of the first sweep is ours to choose, that of the others DocuSign's.
      const since = place ? timeBefore(from.upTo, LATE_USERS_MS) : from.upTo;
      const chunk = await known(reader).next({ since, sweep: from.sweep }, most);
      const rows = await handOn('audit-users', chunk);
      const { sweep, ended } = chunk;
      if (ended && !sweep.settled)
        log.warn('the list of users changed while it was read: the next sweep begins where this one did');
      const upTo = ended && sweep.settled ? later(from.upTo, sweep.startedAt) : from.upTo;
      tell('audit-users', rows, upTo);
      const counted = taken + chunk.count;
      return {
        place: { upTo, sweep: ended ? null : sweep },
        rows,
        taken: counted,
        more: !ended && counted < settings.maxUsers,
      };
    });
  }

  async function handOn(
    feed: Feed,
    { entries, odd }: { entries: FeedEntry[]; odd: readonly OddRecord[] },
  ): Promise<RowTally> {
    const { sink, ...parts } = known(deps);
    const at = new Date().toISOString();
    for (const { why, raw } of odd) await parts.deadLetter({ feed, at, why, raw });
    if (odd.length > 0) log.warn('records of an audit feed went to the dead letters', { feed, records: odd.length });
    const delivered = entries.length > 0 ? await sink.deliver(feed, entries) : { written: 0, repeated: 0 };
    return { ...delivered, dead: odd.length };
  }

  return { fetchCustomerEvents, fetchAuditUsers };
}

export type FeedActivities = ReturnType<typeof createFeedActivities>;

function known<T>(part: T | null): T {
  if (part === null)
    throw tryLater(
      'docusign-unknown',
      'This worker has no DocuSign account: set DOCUSIGN_INTEGRATION_KEY and the rest.',
    );
  return part;
}

/** Nobody tells a second time of a page, so every failure is tried again, as slowly as the other side asks for. */
async function patiently<T>(
  feed: Feed,
  upTo: string | undefined,
  betweenMs: number,
  work: () => Promise<T>,
): Promise<T> {
  if (upTo !== undefined) tellLag(feed, upTo);
  try {
    return await work();
  } catch (error) {
    const failed = (kind: string) => metricMeter.createCounter('countersign_feed_failures').add(1, { feed, kind });
    if (error instanceof DocusignError) {
      failed(error.kind);
      const afterMs = error.retryAfterMs === undefined ? undefined : Math.max(error.retryAfterMs, betweenMs);
      throw tryLater(`docusign-${error.kind}`, error.message, afterMs);
    }
    if (error instanceof SinkError) {
      failed(`sink-${error.kind}`);
      throw tryLater(`sink-${error.kind}`, error.message, restOf(error));
    }
    failed('other');
    throw error;
  }
}

/** Some sinks tell how long they want to be left alone. */
function restOf(error: SinkError): number | undefined {
  return 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : undefined;
}

function tell(feed: Feed, rows: RowTally, upTo: string): void {
  const counter = metricMeter.createCounter('countersign_feed_rows');
  const { written, repeated, dead } = rows;
  for (const [result, count] of Object.entries({ written, repeated, dead }))
    if (count > 0) counter.add(count, { feed, result });
  tellLag(feed, upTo);
}

/** How long ago the time is up to which everything is at the sink: grows while a feed fails. */
function tellLag(feed: Feed, upTo: string): void {
  const seconds = Math.max(0, (Date.now() - Date.parse(upTo)) / 1000);
  metricMeter.createGauge('countersign_feed_lag_seconds', 'float', 's').set(seconds, { feed });
}

const later = (one: string, other: string): string => (other > one ? other : one);

const timeBefore = (time: string, milliseconds: number): string => isoSecond(Date.parse(time) - milliseconds);
