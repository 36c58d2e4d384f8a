/** For CRMs that keep one record a deal: one number that orders the writes of all its rounds. */
const VERSIONS_A_ROUND = 1_000_000_000;

/** Above that of every earlier write of the deal, whatever its round. A safe integer. */
export function orderOf({ round, version }: { round: number; version: number }): number {
  return round * VERSIONS_A_ROUND + version;
}

/** The round behind such a number; 0 where nothing was written. */
export function roundOf(order: number): number {
  return Math.floor(order / VERSIONS_A_ROUND);
}
