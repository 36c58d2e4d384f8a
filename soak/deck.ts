import { PATHS, type Path } from './paths.js';
import type { Random } from './random.js';

/**
 * Which way each of `count` deals goes, in the order of their starts. Every path is taken by its weight, and at least once where there are
 * enough deals for that; of fewer deals each takes another path, the heavier ones sooner.
 */
export function dealOut(count: number, random: Random, paths: readonly Path[] = PATHS): Path[] {
  const total = paths.reduce((sum, { weight }) => sum + weight, 0);
  if (count < paths.length) {
    const drawn = paths.map((path) => ({ path, lot: random.next() ** (1 / path.weight) }));
    return drawn
      .sort((a, b) => b.lot - a.lot)
      .slice(0, count)
      .map(({ path }) => path);
  }
  const deck = paths.flatMap((path) =>
    Array.from({ length: Math.max(1, Math.floor((count * path.weight) / total)) }, () => path),
  );
  const [usual] = paths;
  while (usual !== undefined && deck.length < count) deck.push(usual);
  return random.shuffled(deck).slice(0, count);
}
