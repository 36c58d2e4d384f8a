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

export interface Terms {
  /** Between two kills, more or less. */
  meanSeconds: number;
  /** Counts the steps that deals have made: on a slow machine the next kill waits until they get ahead again. */
  steps: () => number;
  /** Ends the killing too. */
  signal: AbortSignal;
}

const STEPS_BETWEEN = 5;
const LOOK_MS = 200;

/** Kills one part after another: each of them once, then by lot. */
export function startKilling(kill: (victim: Victim) => Promise<void>, random: Random, terms: Terms): Killing {
  const { meanSeconds, steps, signal } = terms;
  const counts: Record<Victim, number> = { worker: 0, gateway: 0, temporal: 0 };
  const stopped = new AbortController();
  const ended = AbortSignal.any([signal, stopped.signal]);
  const first = random.shuffled(VICTIMS);
  const round = async (): Promise<void> => {
    const before = steps();
    await wait(random.between(0.5, 1.5) * meanSeconds * 1000, undefined, { signal: ended });
    while (steps() < before + STEPS_BETWEEN) await wait(LOOK_MS, undefined, { signal: ended });
    const victim = first.shift() ?? random.pick(LOTS);
    await kill(victim);
    counts[victim] += 1;
  };
  const done = (async () => {
    while (!ended.aborted) await round();
  })().catch((error: unknown) => {
    if (!ended.aborted) throw error;
  });
  return {
    counts,
    async stop() {
      stopped.abort();
      await done;
    },
  };
}
