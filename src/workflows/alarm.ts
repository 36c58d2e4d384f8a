/**
 * How a deal waits. Whether a time has come is told by a timer that fired, never by looking at the clock: an event in the history comes in
 * the same order in every replay, while the time at which a task with a local activity in it runs does not (TMPRL1100, seen with SDK 1.24.0;
 * `test/workflows/busy-deal.test.ts` shows it).
 */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { DealState } from '../deal/state.js';
import { tick, timeOf } from './clock.js';

/**
 * Waits whose longest time is served by one timer. A deal moves on early almost always; a timer of its own for every wait would
 * then be started and cancelled each time, two history events for nothing. This one is left running and serves the next wait.
 */
export interface Alarm {
  /** Waits until `arrived` holds, at most `patienceMs`: less when the timer of an earlier wait rings first. */
  until(arrived: () => boolean, patienceMs: number): Promise<void>;
}

export function createAlarm(deal: DealState): Alarm {
  let running: { ms: number; rung: boolean } | undefined;

  function ringWithin(ms: number): { rung: boolean } {
    if (running && !running.rung && running.ms <= ms) return running;
    const timer = { ms, rung: false };
    running = timer;
    void sleep(ms, { summary: 'look at the envelope again' }).then(() => {
      tick(deal);
      timer.rung = true;
    });
    return timer;
  }

  return {
    async until(arrived, patienceMs) {
      deal.stirrings += 1;
      if (arrived()) return;
      const timer = ringWithin(patienceMs);
      await condition(() => arrived() || timer.rung);
    },
  };
}

/** Something that falls due once, unless it is set anew or put off before. */
export interface Bell {
  readonly rung: boolean;
  /** Rings at the instant (ISO 8601), at once when that has passed; never for null. */
  set(due: string | null): void;
  stop(): void;
}

export function createBell(deal: DealState, summary: string): Bell {
  let rung = false;
  let timer: CancellationScope | undefined;

  function stop(): void {
    timer?.cancel();
    timer = undefined;
    rung = false;
  }

  return {
    get rung() {
      return rung;
    },
    set(due) {
      stop();
      if (due === null) return;
      const scope = new CancellationScope({ cancellable: true });
      timer = scope;
      const ms = Math.max(Date.parse(due) - timeOf(deal), 1);
      scope
        .run(() => sleep(ms, { summary }))
        .then(
          () => {
            tick(deal);
            if (timer === scope) rung = true;
          },
          () => undefined,
        );
    },
    stop,
  };
}
