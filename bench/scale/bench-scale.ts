/** `npm run bench -- scale`: how Countersign grows, part by part, each on servers of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, constants, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Processes } from '../../src/stack/processes.js';
import { startCrmReceiver } from '../crm-receiver.js';
import { whereTimeGoes } from '../profile.js';
import { progressLine } from '../progress-line.js';
import { measureActions } from './actions.js';
import { measureBurst } from './burst.js';
import { yearlyCostOf } from './cloud-cost.js';
import { readScaleOptions, SCALE_USAGE, type Part, type ScaleOptions } from './options.js';
import { startScaleStack, type ScaleStack } from './scale-stack.js';
import { scaleTableOf, type ScaleResults } from './scale-report.js';
import { measureThroughput } from './throughput.js';
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
  const cleanUp = async (): Promise<void> => {
    progress.end();
    await processes.stopAll();
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
  const on = async <T>(name: string, detectionMs: number, work: (stack: ScaleStack) => Promise<T>): Promise<T> => {
    show(`Starting servers for ${name}`);
    const stack = await startScaleStack(join(folder, name), processes, crm, options, detectionMs);
    try {
      return await work(stack);
    } finally {
      await stack.stop();
    }
  };
  try {
    const begun = performance.now();
    const machine = thisMachine();
    const { profiled, ...measured } = await measure(options, on, show);
    progress.end();
    const results: ScaleResults = {
      at: new Date().toISOString(),
      machine,
      temporal: options.temporal === null ? 'dev server' : 'as given by --temporal',
      seconds: Math.round((performance.now() - begun) / 1000),
      ...measured,
    };
    await mkdir(dirname(options.out), { recursive: true });
    await writeFile(options.out, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`\n${scaleTableOf(results)}\n`);
    console.log(
      `Results: ${relative('', options.out)} (${results.seconds} s, load ${results.machine.loadBefore} before)`,
    );
    if (options.profiles !== null && profiled !== null) {
      console.log(`\n${await whereTimeGoes(options.profiles, profiled)}`);
    }
  } finally {
    await cleanUp();
  }
}

type Measured = Omit<ScaleResults, 'at' | 'machine' | 'temporal' | 'seconds'> & { profiled: number | null };

async function measure(
  options: ScaleOptions,
  on: <T>(name: string, detectionMs: number, work: (stack: ScaleStack) => Promise<T>) => Promise<T>,
  show: (text: string) => void,
): Promise<Measured> {
  const asked = (...parts: Part[]): boolean => parts.some((part) => options.parts.includes(part));
  const measured: Measured = {
    ...{ throughput: null, waiting: null, burst: null, deal: null, growth: null },
    profiled: null,
  };
  if (asked('a', 'd')) {
    await on('deals', options.detectionMs, async (stack) => {
      if (asked('a')) {
        const { rows, profiled } = await measureThroughput(stack, options, show);
        Object.assign(measured, { throughput: rows, profiled });
      }
      if (asked('d')) {
        const costs = await measureActions(stack, options, show);
        const yearly = { countersign: yearlyCostOf(costs.countersign), plain: yearlyCostOf(costs.plain) };
        measured.deal = { ...costs, yearly };
      }
    });
  }
  if (asked('b', 'e')) {
    const { waiting, growth } = await on('waiting', NO_DETECTION_MS, (stack) => measureWaiting(stack, options, show));
    if (asked('b')) measured.waiting = waiting;
    if (asked('e')) measured.growth = growth;
  }
  if (asked('c')) measured.burst = await on('burst', NO_DETECTION_MS, (stack) => measureBurst(stack, options, show));
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
