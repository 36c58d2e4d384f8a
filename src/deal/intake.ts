/** The workflows that take deals over from the CRM's own records (`src/workflows/intake.ts`). */
export const TAKE_TYPE = 'takeFromCrm';
export const BACKFILL_TYPE = 'backfillFromCrm';
export const BACKFILL_SCHEDULE = 'countersign-backfill';

export interface TakeFromCrm {
  /** The CRM's driver: `hubspot`. */
  crm: string;
  dealIds: string[];
}

/** What became of deals, by result, and those that no contract comes of. */
export interface Tally {
  counts: Record<string, number>;
  /** The latest are kept. */
  refused: { dealId: string; why: string }[];
}

const REFUSED_CAP = 100;

export function emptyTally(): Tally {
  return { counts: {}, refused: [] };
}

export function countIn(tally: Tally, dealId: string, { result, why }: { result: string; why?: string }): void {
  tally.counts[result] = (tally.counts[result] ?? 0) + 1;
  if (result !== 'refused') return;
  tally.refused.push({ dealId, why: why ?? '' });
  if (tally.refused.length > REFUSED_CAP) tally.refused.shift();
}
