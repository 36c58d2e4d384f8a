/**
 * The audit feeds. A schedule runs each of them again and again, one run at a time; a run takes up what its last completed run came to, so that
 * a run that fails or is ended loses nothing but its own steps, which are then taken again.
 */
import { ActivityCancellationType, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { FeedActivities } from '../activities/feeds.js';
import {
  addRows,
  FEED_PACES,
  noRows,
  type EventsPlace,
  type FeedPace,
  type RowTally,
  type UsersPlace,
} from '../deal/feeds.js';

/** Pages a run: then it completes, and what it came to is kept with the schedule. */
const PAGES_A_RUN = 30;

export interface MonitorSynced {
  place: EventsPlace;
  /** When Monitor was asked last, ms since 1970. */
  askedAt: number;
  rows: RowTally;
}

export interface UsersSynced {
  place: UsersPlace;
  rows: RowTally;
  users: number;
}

/** Customer events, a page a request, until no more are waiting. */
export async function docusignMonitorSync(pace: FeedPace = FEED_PACES['customer-events']): Promise<MonitorSynced> {
  const { lastResult, startTime } = workflowInfo();
  const kept = lastResult as MonitorSynced | undefined;
  const { fetchCustomerEvents } = patient(pace, 'fetch customer events');
  const { betweenMs } = pace;
  const startedAt = startTime.toISOString();
  const rows = noRows();
  let place = kept?.place ?? null;
  let askedAt = kept?.askedAt ?? 0;
  for (let page = 1; ; page += 1) {
    const early = askedAt + betweenMs - Date.now();
    if (early > 0) await sleep(early);
    const fetched = await fetchCustomerEvents({ place, startedAt, betweenMs });
    askedAt = Date.now();
    place = fetched.place;
    addRows(rows, fetched.rows);
    if (!fetched.behind || page === PAGES_A_RUN) return { place, askedAt, rows };
  }
}

/** Users that were changed, chunk by chunk: to the end of the sweep, or as many as a run may fetch. */
export async function docusignUserSync(pace: FeedPace = FEED_PACES['audit-users']): Promise<UsersSynced> {
  const { lastResult, startTime } = workflowInfo();
  const kept = lastResult as UsersSynced | undefined;
  const { fetchAuditUsers } = patient(pace, 'fetch audit users');
  const startedAt = startTime.toISOString();
  const rows = noRows();
  let place = kept?.place ?? null;
  let taken = 0;
  for (;;) {
    const fetched = await fetchAuditUsers({ place, startedAt, taken });
    place = fetched.place;
    taken = fetched.taken;
    addRows(rows, fetched.rows);
    if (!fetched.more) return { place, rows, users: taken };
  }
}

/** A feed comes back by itself once what stands in its way is mended, so nothing is ever given up. */
const patient = ({ betweenMs, patienceMs, silenceMs }: FeedPace, summary: string) =>
  proxyActivities<FeedActivities>({
    summary,
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: silenceMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: Math.max(1, betweenMs), backoffCoefficient: 2, maximumInterval: patienceMs },
  });
