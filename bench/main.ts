/** `npm run bench`: Countersign against a plain version of the same job, in turns, on the same servers; then the console's pages. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Processes } from '../src/stack/processes.js';
import { startBenchStack, type Version } from './bench-stack.js';
import { check } from './checks.js';
import { consoleResultsOf, consoleTableOf, type ConsoleResults } from './console/console-report.js';
import { startConsoleStack } from './console/console-stack.js';
import { measureConsole } from './console/measure-console.js';
import { startCrmReceiver, type CrmReceiver } from './crm-receiver.js';
import { DealDriver } from './deal-driver.js';
import { measureTurn, type Bench, type TurnMeasure } from './measure.js';
import { readOptions, USAGE, type Options } from './options.js';
import { whereTimeGoes } from './profile.js';
import { progressLine } from './progress-line.js';
import { resultsOf, tableOf } from './report.js';
import { sandboxAdmin } from './sandbox-admin.js';
import { benchScale } from './scale/bench-scale.js';

/** Not measured: they find the code uncompiled and the connections unopened. */
const WARM_UP_DEALS = 10;

const progress = progressLine();
let interrupted = false;

async function main(options: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const processes = new Processes(join(folder, 'logs'));
  const crm = await startCrmReceiver();
  const cleanUp = async (): Promise<void> => {
    await processes.stopAll();
    await crm.close();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = true;
      progress.end();
      console.log('Stopping ...');
      void cleanUp().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
  try {
    console.log('Starting a Temporal dev server, the sandbox and both versions ...');
    const stack = await startBenchStack(join(folder, 'comparison'), processes, crm, options);
    const connection = await Connection.connect({ address: stack.temporalAddress });
    const sandbox = sandboxAdmin(stack.sandboxUrl);
    const driver = new DealDriver(crm, sandbox);
    const bench = { stack, client: new Client({ connection }), crm, sandbox, driver };
    const turns = await Promise.race([takeTurns(bench, options), stack.broken]);
    const { checks, problems } = await check(bench, turns, WARM_UP_DEALS);
    await connection.close();
    if (problems.length > 0) throw new Error(`The work was not done as it should be:\n  ${problems.join('\n  ')}`);
    // What the console is measured on has the machine to itself.
    await stack.stop();
    const consoleMs = await measureThePages(join(folder, 'console'), processes, crm, options);

    const results = resultsOf(turns, checks, consoleMs, options);
    await mkdir(dirname(options.out), { recursive: true });
    await writeFile(options.out, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`\n${tableOf(results)}\n`);
    console.log(
      `Checked: ${checks.completed.countersign} and ${checks.completed.plain} deals completed; ` +
        `Countersign sent ${checks.sends.countersign} envelopes for ${checks.deals.countersign} deals ` +
        `(${WARM_UP_DEALS} of them to warm up).`,
    );
    console.log(`\n${consoleTableOf(consoleMs)}\n`);
    console.log(`Results: ${relative('', options.out)}`);
    if (options.profiles !== null) {
      console.log(`\n${await whereTimeGoes(options.profiles, { name: 'worker', pid: stack.countersign.worker.pid })}`);
    }
  } finally {
    progress.end();
    await cleanUp();
  }
}

/** Countersign, plain, plain, Countersign, ...: what changes steadily meanwhile, such as the size of the database, meets both alike. */
async function takeTurns(bench: Bench, options: Options): Promise<TurnMeasure[]> {
  const { countersign, plain } = bench.stack;
  for (const version of [countersign, plain]) {
    progress.show(`Warming up: ${version.name}`);
    const dealIds = idsOf(version, 'warm-up', WARM_UP_DEALS);
    await bench.driver.drive({ version, dealIds, concurrency: options.concurrency, onCompleted: () => undefined });
  }
  const turns: TurnMeasure[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const share = Math.floor(options.deals / options.rounds) + (round < options.deals % options.rounds ? 1 : 0);
    for (const version of round % 2 === 0 ? [countersign, plain] : [plain, countersign]) {
      const title = `Round ${round + 1} of ${options.rounds}, ${version.name}`;
      const dealIds = idsOf(version, String(round + 1), share);
      const show = (done: number): void => progress.show(`${title}: ${done} of ${share} deals`);
      show(0);
      turns.push(await measureTurn(bench, version, dealIds, options.concurrency, show));
    }
  }
  progress.end();
  return turns;
}

async function measureThePages(
  folder: string,
  processes: Processes,
  crm: CrmReceiver,
  options: Options,
): Promise<ConsoleResults> {
  console.log('Starting other servers for the console ...');
  const stack = await startConsoleStack(folder, processes, crm);
  const show = (text: string): void => progress.show(text);
  const measure = await Promise.race([measureConsole(stack, crm, options, show), stack.broken]);
  progress.end();
  await stack.stop();
  return consoleResultsOf(measure);
}

function idsOf(version: Version, turn: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${version.name}-${turn}-${index + 1}`);
}

try {
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'scale') {
    await benchScale(rest);
  } else {
    const options = readOptions(process.argv.slice(2));
    if (options === null) console.log(USAGE);
    else await main(options);
  }
} catch (error) {
  // What breaks while everything is being stopped is no news.
  if (!interrupted) console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
