import type { Client } from '@temporalio/client';
import { BACKFILL_SCHEDULE, BACKFILL_TYPE } from '../deal/intake.js';
import { ensureSchedule, removeSchedule } from './schedules.js';

/** Has Temporal look every `everyMs` for deals that wait in the CRM, or no more where that is null. Safe to repeat; says what is so now. */
export async function ensureBackfill(client: Client, taskQueue: string, everyMs: number | null): Promise<string> {
  const scheduleId = `${BACKFILL_SCHEDULE}-${taskQueue}`;
  if (everyMs === null)
    return (await removeSchedule(client, scheduleId))
      ? 'back-fill: no longer scheduled'
      : 'back-fill: not scheduled (CRM_BACKFILL_EVERY)';
  await ensureSchedule(client, scheduleId, {
    ...{ workflowType: BACKFILL_TYPE, taskQueue, args: [] },
    ...{ everyMs, catchupMs: everyMs },
  });
  return `back-fill: every ${everyMs / 1000} s`;
}
