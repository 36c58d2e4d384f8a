/** (b) Many deals that wait for their review, and (e) one deal alone while half and while all of them are open. */
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMsOf, peakRssMiBOf, rssMiBOf } from '../process-usage.js';
import { ratioOf, rounded, timesOf, type Times } from '../quantile.js';
import { startCarriedDeals, untilQuiet, untilWaiting } from './carried-deals.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStack, ScaleWorker } from './scale-stack.js';
import { cacheFiguresOf } from './worker-metrics.js';

export interface WaitingResults {
  openDeals: number;
  /** The worker before any deal waits, at its largest while they came, and while all wait. */
  workerRssMiB: { empty: number | null; peak: number | null; waiting: number | null };
  cachedDeals: number;
  evictions: number;
  /** What the memory grew by, for each deal in the cache. */
  memoryPerCachedDealKiB: number | null;
  /** Share of one core, in percent, over `idleSeconds`. */
  idleCpuPercent: { worker: number | null; gateway: number | null };
  /** The same before any deal came: what their polls and health checks take in any case. */
  emptyCpuPercent: { worker: number | null; gateway: number | null };
  idleSeconds: number;
  /** From an approval to the CRM's word that the contract is out, in ms. */
  wakeMs: { cached: Times; evicted: Times };
  /** What the worker spent on each carried deal, with its start. */
  workerCpuMsPerDeal: number | null;
}

export interface GrowthRow {
  openDeals: number;
  /** Of deals taken through one after the other, in ms. */
  startToReview: Times;
  signedToCompleted: Times;
  load: number;
}

export interface GrowthResults {
  rows: GrowthRow[];
  /** Median with all open divided by the median with half of them. */
  ratio: { startToReview: number | null; signedToCompleted: number | null };
}

const ENVELOPE = 'env-of-waiting-deals';
const LAST = 20;

export async function measureWaiting(
  stack: ScaleStack,
  options: ScaleOptions,
  progress: (text: string) => void,
): Promise<{ waiting: WaitingResults; growth: GrowthResults }> {
  const { client, driver, named, countersign } = stack;
  const { openDeals, samples, idleSeconds } = options;
  const worker = await countersign.startWorker();
  const { pid } = worker.process;
  const idsOf = (name: string): string[] =>
    Array.from({ length: samples }, (_, index) => named(`${name}-${index + 1}`));

  // Real ones, the first of which will have made room in the cache long before they are woken.
  await driver.driveOne(countersign, named('warm-up'));
  await untilQuiet(pid);
  progress(`(b) idle for ${idleSeconds} s without deals`);
  const emptyCpuPercent = await idleShareOf(worker, countersign.gateway.pid, idleSeconds);
  const empty = await rssMiBOf(pid);
  const evicted = idsOf('early');
  for (const dealId of evicted) await driver.toReview(countersign, dealId);

  let number = 0;
  let cpuOfFilling = 0;
  const fillTo = async (many: number): Promise<void> => {
    const dealIds = Array.from({ length: many - number }, (_, index) => named(`open-${number + index + 1}`));
    const before = await cpuMsOf(pid);
    const carried = {
      taskQueue: stack.taskQueue,
      documentUri: stack.contractUri,
      stage: 'in-review' as const,
      envelopeId: ENVELOPE,
    };
    await startCarriedDeals(client, dealIds, carried, (done) =>
      progress(`(b) ${number + done} of ${openDeals} deals wait`),
    );
    progress(`(b) the worker takes ${many} deals to their wait`);
    await untilWaiting(client, dealIds.slice(-LAST), pid);
    cpuOfFilling += ((await cpuMsOf(pid)) ?? NaN) - (before ?? NaN);
    number = many;
  };

  const rows: GrowthRow[] = [];
  for (const many of [Math.floor(openDeals / 2), openDeals]) {
    await fillTo(many);
    rows.push(await takeDealsAlone(stack, many, idsOf(`alone-${many}`), progress));
  }

  const cached = idsOf('late');
  for (const dealId of cached) await driver.toReview(countersign, dealId);
  await untilQuiet(pid);
  progress(`(b) idle for ${idleSeconds} s with ${openDeals} open deals`);
  const idleCpuPercent = await idleShareOf(worker, countersign.gateway.pid, idleSeconds);
  const waitingRss = await rssMiBOf(pid);
  const cache = worker.metricsUrl === null ? null : await cacheFiguresOf(worker.metricsUrl);

  progress('(b) waking deals');
  const wakeMs = { cached: timesOf(await wake(stack, cached)), evicted: timesOf(await wake(stack, evicted)) };
  const peak = await peakRssMiBOf(pid);
  await worker.process.stop();

  const grown = waitingRss === null || empty === null ? null : (waitingRss - empty) * 1024;
  return {
    waiting: {
      openDeals,
      workerRssMiB: { empty: rounded(empty, 0), peak: rounded(peak, 0), waiting: rounded(waitingRss, 0) },
      cachedDeals: cache?.size ?? 0,
      evictions: cache?.evictions ?? 0,
      memoryPerCachedDealKiB:
        cache === null || cache.size === 0 || grown === null ? null : rounded(grown / cache.size, 0),
      ...{ idleCpuPercent, emptyCpuPercent },
      idleSeconds,
      wakeMs,
      workerCpuMsPerDeal: Number.isNaN(cpuOfFilling) ? null : rounded(cpuOfFilling / openDeals, 1),
    },
    growth: {
      rows,
      ratio: {
        startToReview: ratioOf(rows[1]?.startToReview.p50 ?? null, rows[0]?.startToReview.p50 ?? null),
        signedToCompleted: ratioOf(rows[1]?.signedToCompleted.p50 ?? null, rows[0]?.signedToCompleted.p50 ?? null),
      },
    },
  };
}

async function takeDealsAlone(
  { driver, countersign }: ScaleStack,
  openDeals: number,
  dealIds: readonly string[],
  progress: (text: string) => void,
): Promise<GrowthRow> {
  const startToReview: number[] = [];
  const signedToCompleted: number[] = [];
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  for (const [index, dealId] of dealIds.entries()) {
    progress(`(e) deal ${index + 1} of ${dealIds.length} alone, ${openDeals} open`);
    startToReview.push(await timed(() => driver.toReview(countersign, dealId)));
    await driver.toSigners(countersign, dealId);
    signedToCompleted.push(await timed(() => driver.toTheEnd(dealId)));
  }
  return { openDeals, startToReview: timesOf(startToReview), signedToCompleted: timesOf(signedToCompleted), load };
}

/** One after the other: what is asked is how long one takes, not how many go through. */
async function wake({ driver, countersign }: ScaleStack, dealIds: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const dealId of dealIds) times.push(await timed(() => driver.toSigners(countersign, dealId)));
  return times;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function idleShareOf({ process }: ScaleWorker, gatewayPid: number, seconds: number) {
  const used = () => Promise.all([cpuMsOf(process.pid), cpuMsOf(gatewayPid)]);
  const before = await used();
  await wait(seconds * 1000);
  const after = await used();
  const share = (index: 0 | 1): number | null => {
    const [from, to] = [before[index], after[index]];
    return from === null || to === null ? null : rounded((to - from) / (seconds * 10), 2);
  };
  return { worker: share(0), gateway: share(1) };
}
