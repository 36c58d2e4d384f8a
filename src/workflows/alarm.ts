/**
 * How a deal waits. What happens to it from outside (a signal, a timer that fires) is put aside and takes effect here only, after the wait's
 * own timers are started. The reason is a trap of local activities (SDK 1.24.0): when a query comes in the midst of one, the SDK cuts the workflow
 * task short. Live, a signal that came meanwhile is heard before what follows from the activity; in a replay it is heard after that, at another
 * time. A story that looked at signals, timers or the clock in between could not be replayed (TMPRL1100). `test/workflows/busy-deal.test.ts` shows it.
 */
import { condition, sleep } from '@temporalio/workflow';
import { TIMER, type DealState, type PutAside } from '../deal/state.js';
import { tick, timeOf } from './clock.js';

export interface Alarm {
  /**
   * Waits until `arrived` holds, at most `patienceMs` (less when the timer of an earlier wait fires first). One timer serves all waits: a deal
   * moves on early almost always, and a timer that is started and cancelled each time is two history events for nothing.
   */
  until(arrived: () => boolean, patienceMs?: number): Promise<void>;
  /** Something that falls due once. */
  bell(summary: string): Bell;
}

export interface Bell {
  readonly rung: boolean;
  /** Rings at the instant (ISO 8601), at once when that has passed, never for null; what was set before no longer counts. */
  set(due: string | null): void;
}

interface Timer {
  ms: number;
  rung: boolean;
}

/** `attend` lets one signal that was put aside take effect; `measure` is called whenever the deal comes to wait. */
export function createAlarm(deal: DealState, attend: (signal: PutAside) => void, measure: () => void): Alarm {
  const timers = new Map<string, Timer>();
  let silence: Timer | undefined;

  /** Never cancelled: whether a cancel comes before the firing may differ in a replay. A timer nobody waits for any more rings for nobody. */
  function start(ms: number, summary: string): Timer {
    const timer = { ms, rung: false };
    const input = String(timers.size);
    timers.set(input, timer);
    void sleep(ms, { summary }).then(() => {
      tick(deal);
      deal.inbox.push({ name: TIMER, input });
    });
    return timer;
  }

  function ringWithin(ms: number): Timer {
    if (!silence || silence.rung || silence.ms > ms) silence = start(ms, 'look at the envelope again');
    return silence;
  }

  /** One after the other, in the order they came: how many lie there already may differ in a replay, their order does not. */
  function takeNext(): void {
    const next = deal.inbox.shift();
    if (!next) return;
    const timer = next.name === TIMER ? timers.get(String(next.input)) : undefined;
    if (!timer) return attend(next);
    // Signals do not count: a run cannot end while they keep coming.
    deal.stirrings += 1;
    timer.rung = true;
  }

  return {
    async until(arrived, patienceMs) {
      deal.stirrings += 1;
      measure();
      if (arrived()) return;
      const timer = patienceMs === undefined ? undefined : ringWithin(patienceMs);
      do {
        await condition(() => deal.inbox.length > 0 || arrived());
        if (!arrived()) takeNext();
      } while (!arrived() && !timer?.rung);
    },

    bell(summary) {
      let timer: Timer | undefined;
      return {
        get rung() {
          return timer?.rung ?? false;
        },
        set(due) {
          timer = due === null ? undefined : start(Math.max(Date.parse(due) - timeOf(deal), 1), summary);
        },
      };
    },
  };
}
