import type { Client } from '@temporalio/client';
import { FEED_PACES, FEED_SYNCS, type FeedPace, type ScheduledFeed } from '../deal/feeds.js';
import { ensureSchedule, removeSchedule } from './schedules.js';

/**
 * Has Temporal read the audit feeds of `feeds`, and no others. Safe to repeat; says a line for each feed of what is so now. An update keeps how far a
 * feed has come; one that is taken away and made again begins anew with the look-back of its settings. `paces` are for tests.
 */
export async function ensureFeedSchedules(
  client: Client,
  taskQueue: string,
  feeds: readonly ScheduledFeed[],
  paces: Readonly<Record<ScheduledFeed, FeedPace>> = FEED_PACES,
): Promise<string[]> {
  const told: string[] = [];
  for (const feed of ['customer-events', 'audit-users'] as const)
    told.push(await ensureOne(client, taskQueue, feed, feeds.includes(feed) ? paces[feed] : null));
  return told;
}

export function feedScheduleIdOf(feed: ScheduledFeed, taskQueue: string): string {
  return `${FEED_SYNCS[feed].scheduleId}-${taskQueue}`;
}

async function ensureOne(
  client: Client,
  taskQueue: string,
  feed: ScheduledFeed,
  pace: FeedPace | null,
): Promise<string> {
  const scheduleId = feedScheduleIdOf(feed, taskQueue);
  if (pace === null)
    return (await removeSchedule(client, scheduleId))
      ? `feed ${feed}: no longer scheduled`
      : `feed ${feed}: not scheduled (DOCUSIGN_FEEDS)`;
  const { everyMs } = pace;
  await ensureSchedule(client, scheduleId, {
    ...{ workflowType: FEED_SYNCS[feed].workflowType, taskQueue, args: [pace] },
    ...{ everyMs, catchupMs: Math.max(everyMs, 10_000) },
  });
  return `feed ${feed}: every ${everyMs / 1000} s`;
}
