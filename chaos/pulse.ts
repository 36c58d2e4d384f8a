/** Signs of life: each kind of progress that deals make, and when. */
import type { DrivenDeal } from '../soak/drive.js';

/** Taken by a gateway; drafted at Atlas; sent to its signers; known to be signed. Each needs other parts of the whole. */
export const KINDS = ['taken', 'drafted', 'sent', 'signed'] as const;
export type Kind = (typeof KINDS)[number];

export interface Beat {
  kind: Kind;
  /** Milliseconds since the epoch. */
  at: number;
}

const KIND_OF_STAGE: Readonly<Record<string, Kind>> = {
  'in-review': 'drafted',
  'out-for-signature': 'sent',
  filing: 'signed',
  completed: 'signed',
};

export class Pulse {
  private readonly told: Beat[] = [];

  /** The CRM was told of a stage. */
  readonly heard = (_dealId: string, stage: string, at: number): void => {
    const kind = KIND_OF_STAGE[stage];
    if (kind !== undefined) this.told.push({ kind, at });
  };

  beats(driven: readonly DrivenDeal[]): Beat[] {
    const taken = driven.flatMap(({ takenAt: at }): Beat[] => (at === null ? [] : [{ kind: 'taken', at }]));
    return [...taken, ...this.told];
  }
}

/** Milliseconds from `at` until every kind of progress was seen again; null where one was not. */
export function recoveryAfter(at: number, beats: readonly Beat[]): number | null {
  const firsts = KINDS.map((kind) =>
    Math.min(...beats.filter((beat) => beat.kind === kind && beat.at >= at).map((beat) => beat.at)),
  );
  const last = Math.max(...firsts);
  return last === Infinity ? null : last - at;
}

/** Deals that were on their way at some moment from `from` to `to`. */
export function touchedBy({ from, to }: { from: number; to: number }, driven: readonly DrivenDeal[]): DrivenDeal[] {
  return driven.filter(
    ({ begunAt, endedAt }) => begunAt !== null && begunAt <= to && (endedAt === null || endedAt >= from),
  );
}
