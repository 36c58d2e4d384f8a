import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { BACKFILL_SCHEDULE, BACKFILL_TYPE } from '../deal/intake.js';

/**
 * Has Temporal look every `everyMs` for deals that wait in the CRM, or no more where that is null. Safe to repeat; says what is so now. A
 * look that takes longer than the interval is not joined by a second one.
 */
export async function ensureBackfill(client: Client, taskQueue: string, everyMs: number | null): Promise<string> {
  const scheduleId = `${BACKFILL_SCHEDULE}-${taskQueue}`;
  const handle = client.schedule.getHandle(scheduleId);
  if (everyMs === null) {
    try {
      await handle.delete();
      return 'back-fill: no longer scheduled';
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return 'back-fill: not scheduled (CRM_BACKFILL_EVERY)';
      throw error;
    }
  }
  const schedule: Omit<ScheduleOptions, 'scheduleId'> = {
    spec: { intervals: [{ every: everyMs }] },
    action: { type: 'startWorkflow', workflowType: BACKFILL_TYPE, workflowId: scheduleId, taskQueue, args: [] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs },
  };
  try {
    await client.schedule.create({ scheduleId, ...schedule });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await handle.update(({ state }) => ({ ...schedule, state }));
  }
  return `back-fill: every ${everyMs / 1000} s`;
}
