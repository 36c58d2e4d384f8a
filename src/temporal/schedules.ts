import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';

/** What is started, and how often. A run that takes longer than `everyMs` is not joined by a second one. */
export interface Repeated {
  workflowType: string;
  taskQueue: string;
  args: unknown[];
  everyMs: number;
  /** How long a start that was missed is made up for, in ms. */
  catchupMs: number;
}

/** Makes the schedule, or changes it to this; what its last run came to is kept. The workflow ids begin with the schedule's. Safe to repeat. */
export async function ensureSchedule(client: Client, scheduleId: string, repeated: Repeated): Promise<void> {
  const { workflowType, taskQueue, args, everyMs, catchupMs } = repeated;
  const schedule: Omit<ScheduleOptions, 'scheduleId'> = {
    spec: { intervals: [{ every: everyMs }] },
    action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue, args },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catchupMs },
  };
  try {
    await client.schedule.create({ scheduleId, ...schedule });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...schedule, state }));
  }
}

/** False when there was none. */
export async function removeSchedule(client: Client, scheduleId: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
