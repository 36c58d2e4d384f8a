/** Two bad spells for the whole account at Atlas: no credits for a while, and later a suspension. */
import { setTimeout as wait } from 'node:timers/promises';
import type { AtlasDesk } from './atlas-desk.js';

export const CREDITS = 1_000_000;

/** `started` tells which part of the deals has been started, 0..1. Settles when both are over or `signal` is aborted, with all well again. */
export async function badSpells(
  atlas: AtlasDesk,
  ms: number,
  started: () => number,
  signal: AbortSignal,
): Promise<void> {
  const spells: [from: number, begin: () => Promise<void>, end: () => Promise<void>][] = [
    [0.35, () => atlas.setCredits(0), () => atlas.setCredits(CREDITS)],
    [0.65, () => atlas.suspend(true), () => atlas.suspend(false)],
  ];
  for (const [from, begin, end] of spells) {
    while (started() < from) await wait(250, undefined, { signal });
    await begin();
    await wait(ms, undefined, { signal }).finally(end);
  }
}
