import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { FEED_PACES, FEED_SYNCS, type FeedPace, type ScheduledFeed } from '../deal/feeds.js';

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
  const handle = client.schedule.getHandle(scheduleId);
  if (pace === null) {
    try {
      await handle.delete();
      return `feed ${feed}: no longer scheduled`;
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return `feed ${feed}: not scheduled (DOCUSIGN_FEEDS)`;
      throw error;
    }
  }
  const { workflowType } = FEED_SYNCS[feed];
  const schedule: Omit<ScheduleOptions, 'scheduleId'> = {
    spec: { intervals: [{ every: pace.everyMs }] },
    action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue, args: [pace] },
    // One run at a time: it is the last completed run's result that the next one goes on from.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: Math.max(pace.everyMs, 10_000) },
  };
  try {
    await client.schedule.create({ scheduleId, ...schedule });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await handle.update(({ state }) => ({ ...schedule, state }));
  }
  return `feed ${feed}: every ${pace.everyMs / 1000} s`;
}
