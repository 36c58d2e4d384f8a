import { setTimeout as wait } from 'node:timers/promises';
import type { PartName } from '../src/stack/stack.js';
import type { Random } from './random.js';

export const VICTIMS = ['worker', 'gateway', 'temporal'] as const satisfies readonly PartName[];
export type Victim = (typeof VICTIMS)[number];

/** The worker does the most, so most is to be learned from its death. */
const LOTS: readonly Victim[] = ['worker', 'worker', 'worker', 'gateway', 'gateway', 'temporal'];

export interface Killing {
  counts: Readonly<Record<Victim, number>>;
  /** No more kills; settles once the last one is done. */
  stop(): Promise<void>;
}

export const NO_KILLING: Killing = { counts: { worker: 0, gateway: 0, temporal: 0 }, stop: async () => undefined };

/** Kills one part after another, `meanSeconds` apart more or less: each of them once, then by lot; none once `signal` is aborted. */
export function startKilling(
  kill: (victim: Victim) => Promise<void>,
  random: Random,
  meanSeconds: number,
  signal: AbortSignal,
): Killing {
  const counts: Record<Victim, number> = { worker: 0, gateway: 0, temporal: 0 };
  const stopped = new AbortController();
  const ended = AbortSignal.any([signal, stopped.signal]);
  const first = random.shuffled(VICTIMS);
  const done = (async () => {
    while (await pause(random.between(0.5, 1.5) * meanSeconds, ended)) {
      const victim = first.shift() ?? random.pick(LOTS);
      await kill(victim);
      counts[victim] += 1;
    }
  })();
  return {
    counts,
    async stop() {
      stopped.abort();
      await done;
    },
  };
}

async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  return wait(seconds * 1000, true, { signal }).catch(() => false);
}
