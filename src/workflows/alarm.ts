import { condition, sleep } from '@temporalio/workflow';

/**
 * Waits with deadlines that share one timer. A deal moves on early almost always; a timer of its own for every wait would
 * then be started and cancelled each time, two history events for nothing. This one is left running and serves the next wait.
 */
export interface Alarm {
  /** Waits until `arrived` holds (true), at most `patienceMs` (false): less when an earlier wait's timer rings first. */
  until(arrived: () => boolean, patienceMs: number): Promise<boolean>;
}

export function createAlarm(): Alarm {
  /** When the earliest timer under way rings, in ms since the epoch. */
  let rings: number | undefined;

  function ringBy(deadline: number): void {
    if (rings !== undefined && rings <= deadline) return;
    rings = deadline;
    void sleep(Math.max(deadline - Date.now(), 1), { summary: 'look at the envelope again' }).then(() => {
      if (rings === deadline) rings = undefined;
    });
  }

  return {
    async until(arrived, patienceMs) {
      if (arrived()) return true;
      ringBy(Date.now() + patienceMs);
      await condition(() => arrived() || rings === undefined);
      return arrived();
    },
  };
}
