/** When which fault is injected: a schedule that follows from the seed. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../soak/random.js';
import type { Fault } from './faults.js';

export interface Injection {
  fault: Pick<Fault, 'name' | 'countsFrom'>;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
}

export interface StormTiming {
  /** How long a fault lasts where that can be chosen, and the calm after its recovery; milliseconds, least and most. */
  lastsMs: readonly [least: number, most: number];
  pauseMs: readonly [least: number, most: number];
  /** Part of the faults that meet another one, 0..1. */
  pairs: number;
  /** How long recovery is waited for before the next fault. */
  patienceMs: number;
}

/** Whether life goes on as before since then. */
export type HasRecovered = (injection: Injection) => boolean;

const LOOK_MS = 200;

/** The faults of each round of one pass, which takes every one of them once, some together. */
export function* rounds<F extends Pick<Fault, 'place'>>(
  faults: readonly F[],
  random: Random,
  pairs: number,
): Generator<F[]> {
  const deck = random.shuffled(faults);
  for (let next = deck.shift(); next !== undefined; next = deck.shift()) {
    const { place } = next;
    const other = random.next() < pairs ? deck.findIndex((fault) => fault.place !== place) : -1;
    yield [next, ...(other === -1 ? [] : deck.splice(other, 1))];
  }
}

/**
 * Injects every fault once, and goes on until `enough` is aborted; settles once the last fault is over, and at once when `signal` is aborted.
 * `injections` grows meanwhile. Rejects when a fault cannot be ended.
 */
export async function storm(
  faults: readonly Fault[],
  random: Random,
  { lastsMs, pauseMs, pairs, patienceMs }: StormTiming,
  injections: Injection[],
  hasRecovered: HasRecovered,
  { enough, signal }: { enough: AbortSignal; signal: AbortSignal },
): Promise<void> {
  const calm = (ms: number, until: AbortSignal): Promise<void> =>
    wait(ms, undefined, { signal: until }).catch(() => undefined);
  const round = async (struck: readonly Fault[]): Promise<void> => {
    await calm(random.between(...pauseMs), signal);
    if (signal.aborted) return;
    const done = await Promise.all(struck.map((fault) => inject(fault, random, lastsMs)));
    injections.push(...done);
    const giveUp = Date.now() + patienceMs;
    while (!enough.aborted && !signal.aborted && Date.now() < giveUp && !done.every(hasRecovered)) {
      await calm(LOOK_MS, enough);
    }
  };
  for (let pass = 1; pass === 1 || !enough.aborted; pass++) {
    for (const struck of rounds(faults, random, pairs)) {
      if (signal.aborted || (pass > 1 && enough.aborted)) return;
      await round(struck);
    }
  }
}

async function inject(fault: Fault, random: Random, lastsMs: StormTiming['lastsMs']): Promise<Injection> {
  const from = Date.now();
  await fault.inject(random, random.between(...lastsMs));
  return { fault, from, to: Date.now() };
}
