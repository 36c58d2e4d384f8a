/** (f) What other slots, pollers and caches of the worker would change, in turns on the same servers. */
import type { WorkerOptions } from '@temporalio/worker';
import { quantileOf, ratioOf, rounded } from '../quantile.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStack } from './scale-stack.js';
import { takeTurn, type Turn } from './throughput.js';
import { tunedWith } from './tuned.js';

export interface TuningRow {
  name: string;
  /** The mean of its turns; the ratio is to the worker as shipped. */
  dealsPerSecond: number | null;
  ratio: number | null;
  workerCpuMsPerDeal: number | null;
  temporalCpuMsPerDeal: number | null;
  workerRssMiB: number | null;
}

export interface TuningResults {
  rows: TuningRow[];
  /** From a deal's start until a worker has its first workflow task, in ms: all that an eager start could save. */
  firstTaskMs: { p50: number | null; p95: number | null };
}

const SLOTS = { tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 } };
const POLLERS = {
  workflowTaskPollerBehavior: { type: 'autoscaling' },
  activityTaskPollerBehavior: { type: 'autoscaling' },
} as const;

const VARIANTS: readonly { name: string; options: Partial<WorkerOptions> }[] = [
  { name: 'as shipped', options: {} },
  { name: 'resource-based slots (CPU 0.9, memory 0.8)', options: { tuner: SLOTS } },
  { name: 'autoscaling pollers', options: POLLERS },
  { name: 'resource-based slots, autoscaling pollers', options: { tuner: SLOTS, ...POLLERS } },
  { name: 'a V8 context for each deal (reuseV8Context: false)', options: { reuseV8Context: false } },
  { name: 'two workflow threads', options: { workflowThreadPoolSize: 2 } },
  { name: 'cache of 20 deals', options: { maxCachedWorkflows: 20 } },
];

export async function measureTuning(
  stack: ScaleStack,
  { deals, concurrency }: ScaleOptions,
  progress: (text: string) => void,
): Promise<TuningResults> {
  const turns = new Map<string, Turn[]>(VARIANTS.map(({ name }) => [name, []]));
  // There and back: what grows meanwhile meets all alike.
  for (const [round, order] of [VARIANTS, VARIANTS.toReversed()].entries()) {
    for (const { name, options } of order) {
      const turn = await takeTurn(stack, stack.countersign, {
        name: `tuned-${round}-${VARIANTS.findIndex((variant) => variant.name === name)}`,
        ...{ many: 1, deals, concurrency },
        startWorker: tunedWith(options),
        progress: (done) => progress(`(f) round ${round + 1} of 2, ${name}: ${done} of ${deals} deals`),
      });
      turns.get(name)?.push(turn);
    }
  }
  const shipped = meanOf(turns.get('as shipped') ?? [], 'dealsPerSecond');
  const rows = [...turns].map(([name, taken]): TuningRow => {
    const dealsPerSecond = meanOf(taken, 'dealsPerSecond');
    return {
      name,
      dealsPerSecond: rounded(dealsPerSecond, 2),
      ratio: ratioOf(dealsPerSecond, shipped),
      workerCpuMsPerDeal: rounded(meanOf(taken, 'workerCpuMsPerDeal'), 1),
      temporalCpuMsPerDeal: rounded(meanOf(taken, 'temporalCpuMsPerDeal'), 1),
      workerRssMiB: rounded(meanOf(taken, 'workerRssMiB'), 0),
    };
  });
  return { rows, firstTaskMs: await firstTasks(stack, deals) };
}

/** Of the first turn's deals, which came by a worker as shipped. */
async function firstTasks({ client, countersign, named }: ScaleStack, deals: number) {
  const waits: number[] = [];
  for (let number = 1; number <= deals; number++) {
    const workflowId = countersign.workflowIdOf(named(`countersign-tuned-0-0-deal-${number}`));
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const [started, taken] = [events?.[0], events?.find((event) => event.workflowTaskStartedEventAttributes)];
    if (started?.eventTime && taken?.eventTime) waits.push(msOf(taken.eventTime) - msOf(started.eventTime));
  }
  return { p50: rounded(quantileOf(waits, 0.5), 1), p95: rounded(quantileOf(waits, 0.95), 1) };
}

function msOf({ seconds, nanos }: { seconds?: unknown; nanos?: number | null }): number {
  return Number(seconds) * 1000 + (nanos ?? 0) / 1e6;
}

function meanOf(turns: readonly Turn[], name: Exclude<keyof Turn, 'pids'>): number | null {
  const figures = turns.map((turn) => turn[name]).filter((figure) => figure !== null);
  return figures.length === 0 ? null : figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
