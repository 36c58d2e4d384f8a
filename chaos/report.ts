import { quantileOf } from '../bench/quantile.js';
import { countsOf, tally, type Counts as RunCounts, type Run } from '../soak/report.js';
import { NO_FAULT } from './faults.js';
import { recoveryAfter, touchedBy, type Beat } from './pulse.js';
import type { Injection } from './storm.js';

export interface FaultRow {
  fault: string;
  times: number;
  /** Deals that were on their way during one of them at least. */
  deals: number;
  /** Of the injections after which every kind of progress was seen again. */
  recoveryP95Ms: number | null;
  /** Injections after which one kind was not seen any more: too near to the end of the run. */
  unmeasured: number;
}

/** What the last line of a run says, as one JSON object. */
export interface Counts extends Omit<RunCounts, 'kills' | 'killsByPart'> {
  recovery: FaultRow[];
}

export function rowsOf(injections: readonly Injection[], beats: readonly Beat[], driven: Run['driven']): FaultRow[] {
  const byFault = new Map<string, Injection[]>();
  for (const injection of injections) {
    const { name } = injection.fault;
    byFault.set(name, [...(byFault.get(name) ?? []), injection]);
  }
  return [...byFault]
    .map(([fault, own]): FaultRow => {
      const recoveries = own.map((injection) => recoveryOf(injection, beats)).filter((ms) => ms !== null);
      return {
        fault,
        times: own.length,
        deals: new Set(own.flatMap((injection) => touchedBy(injection, driven))).size,
        recoveryP95Ms: quantileOf(recoveries.map(Math.round), 0.95),
        unmeasured: own.length - recoveries.length,
      };
    })
    .sort((a, b) => Number(b.fault === NO_FAULT) - Number(a.fault === NO_FAULT) || a.fault.localeCompare(b.fault));
}

export function recoveryOf({ fault, from, to }: Injection, beats: readonly Beat[]): number | null {
  return recoveryAfter(fault.countsFrom === 'begin' ? from : to, beats);
}

export function chaosCountsOf(
  run: Omit<Run, 'faultsByKind' | 'killsByPart'>,
  injections: readonly Injection[],
  recovery: FaultRow[],
): Counts {
  const injected = injections.filter(({ fault }) => fault.name !== NO_FAULT);
  const faultsByKind = tally(injected.map(({ fault }) => ({ [fault.name]: 1 })));
  const { kills: _, killsByPart: __, ...counts } = countsOf({ ...run, faultsByKind, killsByPart: {} });
  return { ...counts, recovery };
}

export function tableOf({ recovery, ...counts }: Counts): string {
  const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1000).toFixed(1)} s`);
  const rows = [
    ['fault', 'times', 'deals touched', 'recovery p95'],
    ...recovery.map(({ fault, times, deals, recoveryP95Ms, unmeasured }) => [
      fault,
      String(times),
      String(deals),
      `${seconds(recoveryP95Ms)}${unmeasured > 0 ? ` (${unmeasured} not measured)` : ''}`,
    ]),
  ];
  const ends = Object.entries(counts.ended).map(([end, count]) => `${count} ${end}`);
  return [
    ...rows.map(
      ([fault = '', times = '', deals = '', p95 = '']) =>
        `${fault.padEnd(30)}${times.padStart(6)}${deals.padStart(15)}  ${p95}`,
    ),
    '',
    `${counts.deals} deals in ${counts.seconds} s: ${ends.join(', ')}`,
    `${counts.envelopes} envelopes, ${counts.sends} sends, ${counts.credits.spent} credits spent, ${counts.filed} PDFs filed, ${counts.attachments} attached`,
    `stranded ${counts.stranded}, duplicates ${counts.duplicates}, mismatches ${counts.mismatches}`,
  ].join('\n');
}
