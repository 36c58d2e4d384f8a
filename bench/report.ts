/** The measures as one table and as the JSON that later runs are compared with. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { ConsoleResults } from './console/console-report.js';
import type { Options } from './options.js';
import { MEASURED_PROCESSES, type DealMeasure, type MeasuredProcess, type TurnMeasure } from './measure.js';
import type { Checks } from './checks.js';
import { quantileOf, rounded } from './quantile.js';

/** Ratio is Countersign's figure divided by the plain version's; null where there is nothing to compare. */
export interface Compared {
  countersign: number | null;
  plain: number | null;
  ratio: number | null;
}

export interface Results {
  at: string;
  machine: { cpu: string; cores: number; memoryGiB: number; node: string; platform: string };
  settings: { deals: number; concurrency: number; rounds: number; detectionMs: number; crm: string; profiled: boolean };
  /** Deals per second. */
  throughput: Compared;
  /** Median of a deal. */
  historyEvents: Compared;
  historyBytes: Compared;
  /** From the first attempt of the signed webhook to the end of the workflow. */
  webhookToCompletedP50Ms: Compared;
  webhookToCompletedP95Ms: Compared;
  /** From start to end of the slowest deal: stalls show here. */
  slowestDealMs: Compared;
  /** The dev server and the sandbox work for both versions alike; theirs is the cost of a version's turns. */
  cpuMsPerDeal: Record<MeasuredProcess, Compared>;
  workerRssMiB: Compared;
  /** Deals per second of each turn, in the order of the turns. */
  turns: { version: TurnMeasure['version']; deals: number; dealsPerSecond: number }[];
  checks: Checks;
  consoleMs: ConsoleResults;
}

export function resultsOf(
  turns: readonly TurnMeasure[],
  checks: Checks,
  consoleMs: ConsoleResults,
  options: Options,
): Results {
  const compare = (figure: (turns: readonly TurnMeasure[]) => number | null, digits: number): Compared => {
    const [ours, theirs] = (['countersign', 'plain'] as const).map((name) =>
      figure(turns.filter(({ version }) => version === name)),
    );
    const known = typeof ours === 'number' && typeof theirs === 'number';
    return {
      countersign: rounded(ours, digits),
      plain: rounded(theirs, digits),
      ratio: known ? rounded(ours / theirs, 2) : null,
    };
  };
  const ofDeals = (figure: (deal: DealMeasure) => number, quantile: number): Compared =>
    compare(
      (some) =>
        quantileOf(
          some.flatMap(({ deals }) => deals.map(figure)),
          quantile,
        ),
      0,
    );

  return {
    at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    },
    settings: {
      deals: options.deals,
      concurrency: options.concurrency,
      rounds: options.rounds,
      detectionMs: options.detectionMs,
      crm: 'http, in memory',
      profiled: options.profiles !== null,
    },
    throughput: compare((some) => dealsOf(some) / sum(some.map(({ seconds }) => seconds)), 2),
    historyEvents: ofDeals((deal) => deal.historyEvents, 0.5),
    historyBytes: ofDeals((deal) => deal.historyBytes, 0.5),
    webhookToCompletedP50Ms: ofDeals((deal) => deal.signedToClosedMs, 0.5),
    webhookToCompletedP95Ms: ofDeals((deal) => deal.signedToClosedMs, 0.95),
    slowestDealMs: ofDeals((deal) => deal.closed - deal.started, 1),
    cpuMsPerDeal: {
      worker: compare((some) => cpuPerDeal(some, 'worker'), 1),
      gateway: compare((some) => cpuPerDeal(some, 'gateway'), 1),
      temporal: compare((some) => cpuPerDeal(some, 'temporal'), 1),
      sandbox: compare((some) => cpuPerDeal(some, 'sandbox'), 1),
    },
    workerRssMiB: compare(
      (some) =>
        total(
          some.map((turn) => turn.workerRssMiB),
          Math.max,
        ),
      0,
    ),
    turns: turns.map(({ version, deals, seconds }) => ({
      version,
      deals: deals.length,
      dealsPerSecond: Math.round((deals.length / seconds) * 100) / 100,
    })),
    checks,
    consoleMs,
  };
}

export function tableOf(results: Results): string {
  const cpuNames = { worker: 'worker', gateway: 'gateway', temporal: 'Temporal server', sandbox: 'sandbox' } as const;
  const lines: [string, Compared][] = [
    ['deals per second', results.throughput],
    ['history events per deal', results.historyEvents],
    ['history bytes per deal', results.historyBytes],
    ['signed webhook to completed, p50 ms', results.webhookToCompletedP50Ms],
    ['signed webhook to completed, p95 ms', results.webhookToCompletedP95Ms],
    ['slowest deal, ms', results.slowestDealMs],
    ...MEASURED_PROCESSES.map((name): [string, Compared] => [
      `CPU ms per deal, ${cpuNames[name]}`,
      results.cpuMsPerDeal[name],
    ]),
    ['memory of the worker, MiB', results.workerRssMiB],
  ];
  const cell = (value: number | null): string => (value === null ? '-' : String(value)).padStart(12);
  const row = ([name, { countersign, plain, ratio }]: [string, Compared]): string =>
    `${name.padEnd(38)}${cell(countersign)}${cell(plain)}${cell(ratio)}`;
  const head = `${''.padEnd(38)}${['Countersign', 'plain', 'ratio'].map((name) => name.padStart(12)).join('')}`;
  return [head, '-'.repeat(head.length), ...lines.map(row)].join('\n');
}

function dealsOf(turns: readonly TurnMeasure[]): number {
  return sum(turns.map(({ deals }) => deals.length));
}

function cpuPerDeal(turns: readonly TurnMeasure[], name: MeasuredProcess): number | null {
  const all = total(
    turns.map(({ cpuMs }) => cpuMs[name]),
    (...some) => sum(some),
  );
  return all === null ? null : all / dealsOf(turns);
}

/** Nothing where a part is not known. */
function total(values: readonly (number | null)[], add: (...known: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : add(...known);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
