/** `npm run bench -- scale`: how Countersign grows, part by part, all on one Temporal. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, constants, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Processes } from '../../src/stack/processes.js';
import { startCrmReceiver } from '../crm-receiver.js';
import { whereTimeGoes, type Profiled } from '../profile.js';
import { progressLine } from '../progress-line.js';
import { measureActions } from './actions.js';
import { measureBurst } from './burst.js';
import { yearlyCostOf } from './cloud-cost.js';
import { readScaleOptions, SCALE_USAGE, type Part, type ScaleOptions } from './options.js';
import { startMeasuredTemporal, type MeasuredTemporal } from './measured-temporal.js';
import { startScaleStack, type ScaleStack } from './scale-stack.js';
import { scaleTableOf, type ScaleResults } from './scale-report.js';
import { measureTenants } from './tenants.js';
import { measureThroughput } from './throughput.js';
import { measureTuning } from './tuning.js';
import { measureWaiting } from './waiting.js';

/** Of deals that are timed alone or stand in a burst: they are not to wait for anything but Countersign. */
const NO_DETECTION_MS = 1;

/** Prints the table and writes the results. Throws an Error that says what is wrong with the arguments or what broke. */
export async function benchScale(args: readonly string[]): Promise<void> {
  const options = readScaleOptions(args);
  if (options === null) return void console.log(SCALE_USAGE);
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const processes = new Processes(join(folder, 'logs'));
  const crm = await startCrmReceiver();
  const progress = progressLine();
  let temporal: MeasuredTemporal | undefined;
  const cleanUp = async (): Promise<void> => {
    progress.end();
    await processes.stopAll();
    await temporal?.stop();
    await crm.close();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.log('Stopping ...');
      void cleanUp().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }

  const show = (text: string): void => progress.show(text);
  try {
    const begun = performance.now();
    const machine = thisMachine();
    const server = await startMeasuredTemporal(options.temporal, folder, processes, show);
    temporal = server;
    const profiled: Profiled[] = [];
    const on: On = async (name, detectionMs, work) => {
      show(`Starting servers for ${name}`);
      const { profiles } = options;
      const stack = await startScaleStack(join(folder, name), processes, crm, server, { detectionMs, profiles });
      if (profiles !== null) profiled.push({ name: `gateway of ${name}`, pid: stack.countersign.gateway.pid });
      try {
        return await work(stack);
      } finally {
        await stack.stop();
      }
    };
    const measured = await measure(options, on, show, profiled);
    progress.end();
    const results: ScaleResults = {
      at: new Date().toISOString(),
      machine,
      temporal: server.name,
      seconds: Math.round((performance.now() - begun) / 1000),
      ...measured,
    };
    await mkdir(dirname(options.out), { recursive: true });
    await writeFile(options.out, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`\n${scaleTableOf(results)}\n`);
    console.log(
      `Results: ${relative('', options.out)} (${results.seconds} s, load ${results.machine.loadBefore} before)`,
    );
    for (const one of profiled) console.log(`\n${await whereTimeGoes(options.profiles ?? '', one)}`);
  } finally {
    await cleanUp();
  }
}

/** Does some work on servers of its own beside the run's Temporal. */
type On = <T>(name: string, detectionMs: number, work: (stack: ScaleStack) => Promise<T>) => Promise<T>;
type Measured = Omit<ScaleResults, 'at' | 'machine' | 'temporal' | 'seconds'>;

async function measure(
  options: ScaleOptions,
  on: On,
  show: (text: string) => void,
  profiled: Profiled[],
): Promise<Measured> {
  const asked = (...parts: Part[]): boolean => parts.some((part) => options.parts.includes(part));
  const measured: Measured = {
    ...{ throughput: null, waiting: null, burst: null, deal: null, growth: null, tuning: null, tenants: null },
  };
  if (asked('a', 'd')) {
    await on('deals', options.detectionMs, async (stack) => {
      if (asked('a')) {
        const found = await measureThroughput(stack, options, show);
        measured.throughput = found.rows;
        profiled.push(...found.profiled);
      }
      if (asked('d')) {
        const costs = await measureActions(stack, options, show);
        const yearly = { countersign: yearlyCostOf(costs.countersign), plain: yearlyCostOf(costs.plain) };
        measured.deal = { ...costs, yearly };
      }
    });
  }
  if (asked('f')) {
    measured.tuning = await on('tuning', options.detectionMs, (stack) => measureTuning(stack, options, show));
  }
  if (asked('g')) {
    measured.tenants = await on('tenants', NO_DETECTION_MS, (stack) => measureTenants(stack, options, show));
  }
  if (asked('c')) measured.burst = await on('burst', NO_DETECTION_MS, (stack) => measureBurst(stack, options, show));
  // Last, since their open deals are Temporal's to keep from then on.
  if (asked('b', 'e')) {
    const { waiting, growth } = await on('waiting', NO_DETECTION_MS, (stack) => measureWaiting(stack, options, show));
    if (asked('b')) measured.waiting = waiting;
    if (asked('e')) measured.growth = growth;
  }
  return measured;
}

function thisMachine(): ScaleResults['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
