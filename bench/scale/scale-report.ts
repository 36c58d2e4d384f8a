/** The results of the scale benchmark, and the one table that is printed of them. */
import type { Times } from '../quantile.js';
import { ACTION_KINDS, type DealCost } from './actions.js';
import type { Acknowledged, BurstResults } from './burst.js';
import type { YearlyCost } from './cloud-cost.js';
import type { TenantsRow } from './tenants.js';
import type { ThroughputRow } from './throughput.js';
import type { TuningResults } from './tuning.js';
import type { GrowthResults, WaitingResults } from './waiting.js';

/** A part that was not asked for is null. */
export interface ScaleResults {
  at: string;
  machine: { cpu: string; cores: number; memoryGiB: number; node: string; platform: string; loadBefore: number };
  temporal: string;
  seconds: number;
  throughput: ThroughputRow[] | null;
  waiting: WaitingResults | null;
  burst: BurstResults | null;
  deal: { countersign: DealCost; plain: DealCost; yearly: { countersign: YearlyCost; plain: YearlyCost } } | null;
  growth: GrowthResults | null;
  tuning: TuningResults | null;
  tenants: TenantsRow[] | null;
}

type Figure = number | null;
type Row = readonly [
  name: string,
  countersign: Figure | string,
  compared?: Figure | string,
  /** Or whatever the block's last heading says. */
  ratio?: Figure | string | undefined,
];

const NAME_WIDTH = 58;
const CELL_WIDTH = 16;

export function scaleTableOf(results: ScaleResults): string {
  const { throughput, waiting, burst, deal, growth, tuning, tenants } = results;
  const blocks = [
    throughput && block('(a) throughput', 'plain', throughput.flatMap(throughputRows)),
    waiting && block(`(b) ${waiting.openDeals} deals in review`, '', waitingRows(waiting)),
    burst && block(`(c) ${burst.perSecond} webhooks per second`, 'bare signal', burstRows(burst)),
    deal && block('(d) one deal at Temporal', 'plain', dealRows(deal)),
    growth && block('(e) one deal alone', ...growthBlock(growth)),
    tuning && block('(f) tuning: deals per second', 'CPU ms/deal', tuning.rows.map(tuningRow), 'memory MiB'),
    tuning && `First workflow task after a start, p50 / p95: ${tuning.firstTaskMs.p50} / ${tuning.firstTaskMs.p95} ms`,
    ...(tenants ?? []).map((row) =>
      block(`(g) one deal, worker ${row.worker}, p50 / p95 ms`, 'by the flood', tenantRows(row), 'quiet'),
    ),
  ];
  return blocks.filter((one) => one !== null).join('\n\n');
}

function throughputRows({ workers, ...figures }: ThroughputRow): Row[] {
  const of = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const row = (name: string, { countersign, plain }: { countersign: Figure; plain: Figure }): Row => [
    `${of}: ${name}`,
    countersign,
    plain,
    countersign === null || !plain ? null : Math.round((countersign / plain) * 100) / 100,
  ];
  return [
    row('deals per second', figures.dealsPerSecond),
    row('CPU ms per deal, workers', figures.workerCpuMsPerDeal),
    row('CPU ms per deal, gateway', figures.gatewayCpuMsPerDeal),
    row('CPU ms per deal, Temporal server', figures.temporalCpuMsPerDeal),
    row('memory of a worker, MiB', figures.workerRssMiB),
  ];
}

function waitingRows(waiting: WaitingResults): Row[] {
  const { workerRssMiB: rss, idleCpuPercent: idle, wakeMs } = waiting;
  return [
    ['worker memory while they wait, MiB', rss.waiting],
    ['worker memory before they came, MiB', rss.empty],
    ['worker memory at its largest, MiB', rss.peak],
    ['deals in the cache', waiting.cachedDeals],
    ['cache evictions', waiting.evictions],
    ['memory per deal in the cache, KiB', waiting.memoryPerCachedDealKiB],
    [`idle CPU of the worker over ${waiting.idleSeconds} s, % of a core`, idle.worker],
    ['  of one without deals', waiting.emptyCpuPercent.worker],
    [`idle CPU of the gateway over ${waiting.idleSeconds} s, % of a core`, idle.gateway],
    ['  of one without deals', waiting.emptyCpuPercent.gateway],
    ['approval to out for signature, cached deal, p50 / p95 ms', pair(wakeMs.cached)],
    ['approval to out for signature, evicted deal, p50 / p95 ms', pair(wakeMs.evicted)],
  ];
}

function burstRows(burst: BurstResults): Row[] {
  const rowsOf = (when: string, { webhookAck, bareSignal, ratio }: Acknowledged): Row[] => [
    [`acknowledged ${when}, p50 ms`, webhookAck.p50, bareSignal.p50, ratio.p50],
    [`acknowledged ${when}, p95 ms`, webhookAck.p95, bareSignal.p95, ratio.p95],
    [`acknowledged ${when}, p99 ms`, webhookAck.p99, bareSignal.p99],
  ];
  return [
    ...rowsOf('without a worker', burst.withoutWorker),
    ...rowsOf('while a worker is at it', burst.withWorker),
    ['sent', burst.webhooks, burst.signals],
    ['refused', burst.refused],
    ['acknowledged and lost', burst.lost],
    ['CPU ms per webhook, gateway', burst.gatewayCpuMsPerWebhook],
  ];
}

function dealRows({ countersign, plain, yearly }: NonNullable<ScaleResults['deal']>): Row[] {
  const ratio = (ours: number, theirs: number): Figure =>
    theirs === 0 ? null : Math.round((ours / theirs) * 100) / 100;
  const row = (name: string, of: (cost: DealCost) => number): Row => [
    name,
    of(countersign),
    of(plain),
    ratio(of(countersign), of(plain)),
  ];
  const dollars = (name: string, of: (cost: YearlyCost) => number): Row => [
    name,
    of(yearly.countersign),
    of(yearly.plain),
    ratio(of(yearly.countersign), of(yearly.plain)),
  ];
  return [
    row('history events', (cost) => cost.historyEvents),
    row('history bytes', (cost) => cost.historyBytes),
    row('actions', (cost) => cost.actions),
    ...ACTION_KINDS.map((kind) => row(`  ${WORDS[kind]}`, ({ byKind }) => byKind[kind])),
    dollars('a million deals a year: million actions a month', (cost) => cost.millionActionsAMonth),
    dollars('  actions, $', (cost) => cost.dollars.actions),
    dollars('  storage while open, $', (cost) => cost.dollars.activeStorage),
    dollars('  storage after, $', (cost) => cost.dollars.retainedStorage),
    dollars('  plan, $', (cost) => cost.dollars.plan),
    dollars('  together, $ a year by list price', (cost) => cost.dollars.total),
  ];
}

const WORDS: Record<(typeof ACTION_KINDS)[number], string> = {
  start: 'start',
  activities: 'activities',
  activityRetries: 'activity retries',
  localActivities: 'workflow tasks with local activities',
  timers: 'timers',
  signals: 'signals',
  updates: 'updates',
  searchAttributes: 'search attribute upserts',
  childWorkflows: 'child workflows',
};

function growthBlock({ rows, ratio }: GrowthResults): [string, Row[]] {
  const [half, all] = rows;
  const row = (name: string, of: (times: GrowthResults['rows'][number]) => Figure, ratio?: Figure): Row => [
    name,
    all ? of(all) : null,
    half ? of(half) : null,
    ratio,
  ];
  return [
    `${half?.openDeals ?? 0} open`,
    [
      ['open deals', all?.openDeals ?? null, half?.openDeals ?? null],
      row('start to review, p50 ms', ({ startToReview }) => startToReview.p50, ratio.startToReview),
      row('start to review, p95 ms', ({ startToReview }) => startToReview.p95),
      row('signed to completed, p50 ms', ({ signedToCompleted }) => signedToCompleted.p50, ratio.signedToCompleted),
      row('signed to completed, p95 ms', ({ signedToCompleted }) => signedToCompleted.p95),
    ],
  ];
}

function tuningRow({
  name,
  dealsPerSecond,
  ratio,
  workerCpuMsPerDeal,
  workerRssMiB,
}: TuningResults['rows'][number]): Row {
  return [name, `${dealsPerSecond} (${ratio})`, workerCpuMsPerDeal, workerRssMiB];
}

function tenantRows({ quiet, sameTenant, otherTenant, floodPerSecond }: TenantsRow): Row[] {
  return [
    ['start to review', pair(otherTenant.startToReview), pair(sameTenant.startToReview), pair(quiet.startToReview)],
    ['approval to out', pair(otherTenant.approvalToOut), pair(sameTenant.approvalToOut), pair(quiet.approvalToOut)],
    ['deals of the flood per second', floodPerSecond],
  ];
}

function pair({ p50, p95 }: Times): string {
  return `${p50 ?? '-'} / ${p95 ?? '-'}`;
}

function block(title: string, compared: string, rows: readonly Row[], last = compared === '' ? '' : 'ratio'): string {
  const cell = (value: Figure | string | undefined): string =>
    (value === undefined ? '' : value === null ? '-' : String(value)).padStart(CELL_WIDTH);
  const head = `${title.padEnd(NAME_WIDTH)}${cell('Countersign')}${cell(compared)}${cell(last)}`;
  const lines = rows.map(([name, ...cells]) => `${name.padEnd(NAME_WIDTH)}${cells.map(cell).join('')}`.trimEnd());
  return [head.trimEnd(), '-'.repeat(NAME_WIDTH + 3 * CELL_WIDTH), ...lines].join('\n');
}
