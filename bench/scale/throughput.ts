/** (a) Deals per second in a closed loop, by the number of worker processes, both versions in turns on the same Temporal. */
import { profilingTo, type Profiled } from '../profile.js';
import { cpuMsOf, rssMiBOf } from '../process-usage.js';
import { ratioOf, rounded, sumOfKnown } from '../quantile.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStack, ScaleVersion } from './scale-stack.js';

export interface ThroughputRow {
  workers: number;
  dealsPerSecond: { countersign: number | null; plain: number | null; ratio: number | null };
  /** Of all workers together, the client's and the servers' left out. */
  workerCpuMsPerDeal: { countersign: number | null; plain: number | null };
  gatewayCpuMsPerDeal: { countersign: number | null; plain: number | null };
  temporalCpuMsPerDeal: { countersign: number | null; plain: number | null };
  /** Of the largest worker. */
  workerRssMiB: { countersign: number | null; plain: number | null };
}

export interface Turn {
  dealsPerSecond: number;
  workerCpuMsPerDeal: number | null;
  gatewayCpuMsPerDeal: number | null;
  temporalCpuMsPerDeal: number | null;
  workerRssMiB: number | null;
  pids: number[];
}

/** Not measured: they find the code uncompiled and the connections unopened. */
const WARM_UP_DEALS_A_WORKER = 4;

/** Answers the rows and the worker that was profiled, if one was. */
export async function measureThroughput(
  stack: ScaleStack,
  { workers, deals, concurrency, profiles }: ScaleOptions,
  progress: (text: string) => void,
): Promise<{ rows: ThroughputRow[]; profiled: Profiled[] }> {
  const rows: ThroughputRow[] = [];
  const profiled: Profiled[] = [];
  for (const [round, many] of workers.entries()) {
    const measured = new Map<string, Turn>();
    for (const version of round % 2 === 0 ? [stack.countersign, stack.plain] : [stack.plain, stack.countersign]) {
      const toProfile = profiled.length === 0 && version.name === 'countersign';
      const turn = await takeTurn(stack, version, {
        ...{ name: String(many), many, deals, concurrency },
        startWorker: [profilingTo(toProfile ? profiles : null)],
        progress: (done) => progress(`(a) ${many} workers, ${version.name}: ${done} of ${deals} deals`),
      });
      const [pid] = turn.pids;
      if (toProfile && profiles !== null && pid !== undefined) profiled.push({ name: 'worker in (a)', pid });
      measured.set(version.name, turn);
    }
    rows.push(rowOf(many, measured.get('countersign'), measured.get('plain')));
  }
  return { rows, profiled };
}

/** Takes deals through workers of its own, after some to warm up. */
export async function takeTurn(
  { driver, temporal, named }: ScaleStack,
  version: ScaleVersion,
  options: {
    /** Distinguishes the turn's deals from those of others of this version. */
    name: string;
    many: number;
    deals: number;
    concurrency: number;
    startWorker?: Parameters<ScaleVersion['startWorker']>;
    progress: (done: number) => void;
  },
): Promise<Turn> {
  const { many, deals, concurrency, startWorker = [], progress } = options;
  const workers = await Promise.all(Array.from({ length: many }, () => version.startWorker(...startWorker)));
  const ids = (name: string, length: number): string[] =>
    Array.from({ length }, (_, index) => named(`${version.name}-${options.name}-${name}-${index + 1}`));
  const warmUp = ids('warm-up', Math.min(WARM_UP_DEALS_A_WORKER * many, deals));
  await driver.drive({ version, dealIds: warmUp, concurrency, onCompleted: () => undefined });

  const pids = workers.map(({ process }) => process.pid);
  const used = async () => ({
    worker: sumOfKnown(await Promise.all(pids.map(cpuMsOf))),
    gateway: await cpuMsOf(version.gateway.pid),
    temporal: await temporal.cpuMs(),
  });
  const before = await used();
  const begun = performance.now();
  await driver.drive({ version, dealIds: ids('deal', deals), concurrency, onCompleted: progress });
  const seconds = (performance.now() - begun) / 1000;
  const after = await used();
  const rss = await Promise.all(pids.map(rssMiBOf));
  await Promise.all(workers.map(({ process }) => process.stop()));

  const perDeal = (name: keyof typeof before): number | null => {
    const [from, to] = [before[name], after[name]];
    return from === null || to === null ? null : (to - from) / deals;
  };
  return {
    dealsPerSecond: deals / seconds,
    workerCpuMsPerDeal: perDeal('worker'),
    gatewayCpuMsPerDeal: perDeal('gateway'),
    temporalCpuMsPerDeal: perDeal('temporal'),
    workerRssMiB: rss.reduce((most, one) => (one === null ? most : Math.max(most ?? 0, one)), null),
    pids,
  };
}

function rowOf(workers: number, ours: Turn | undefined, theirs: Turn | undefined): ThroughputRow {
  const both = (name: Exclude<keyof Turn, 'pids'>, digits: number) => ({
    countersign: rounded(ours?.[name], digits),
    plain: rounded(theirs?.[name], digits),
  });
  const speed = both('dealsPerSecond', 2);
  return {
    workers,
    dealsPerSecond: { ...speed, ratio: ratioOf(speed.countersign, speed.plain) },
    workerCpuMsPerDeal: both('workerCpuMsPerDeal', 1),
    gatewayCpuMsPerDeal: both('gatewayCpuMsPerDeal', 1),
    temporalCpuMsPerDeal: both('temporalCpuMsPerDeal', 1),
    workerRssMiB: both('workerRssMiB', 0),
  };
}
