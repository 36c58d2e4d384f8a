/**
 * `npm run soak`: many deals over all the ways they can go, while calls, webhooks and the CRM fail and the processes are killed. In the end
 * no deal may be stranded, nothing may be there twice, and everybody must say the same.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCrmReceiver } from './crm-receiver.js';
import { readOptions, USAGE, type Options } from './options.js';
import { progressLine } from '../bench/progress-line.js';
import { AskedToEnd, endingSignal } from '../src/stack/ending.js';
import { startStack } from '../src/stack/stack.js';
import { writeContracts } from './contracts.js';
import { soak } from './soak.js';
import { exitCodeOf, tableOf, tellFindings } from './report.js';
import { CREDITS } from './windows.js';

async function main(options: Options): Promise<number> {
  const ending = endingSignal();
  const progress = progressLine();
  const home = await mkdtemp(join(tmpdir(), 'countersign-soak-'));
  const documentTypes = join(home, 'document-types.json');
  console.log(
    `${options.deals} deals, faults on ${Math.round(options.share * 100)} %, kills ${options.kills ? 'on' : 'off'}, --seed ${options.seed}`,
  );
  // A server that somebody else uses must not be killed: the soak has one of its own.
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  const crm = await startCrmReceiver(options);
  const starting = startStack({
    home,
    notice: (line) => progress.show(line),
    env: {
      sandbox: {
        SANDBOX_CREDITS: String(CREDITS),
        // Webhooks that failed follow in a second instead of a minute.
        SANDBOX_CLOCK_SPEED: '60',
        SANDBOX_SIGNED_EVENT: options.seed % 2 === 0 ? 'each' : 'final',
      },
      countersign: {
        DOCUMENT_TYPES: documentTypes,
        CRM: 'http',
        CRM_URL: crm.url,
        CRM_SECRET: crm.secret,
        // What webhooks fail to tell is to be learned within the run; later looks come ever more seldom.
        READ_BACK_FIRST: '5 seconds',
      },
    },
  });
  try {
    await writeContracts(join(home, 'data', 'contracts'), documentTypes, options.expireAfter);
    const stack = await starting.stack;
    const { counts, findings, world } = await soak({ stack, crm, options, progress, ending });
    progress.end();
    if (options.keep) await writeFile(join(home, 'world.json'), JSON.stringify(world, null, 2));
    if (findings.length > 0) console.log(`\n${tellFindings(findings, world)}`);
    console.log(`\n${tableOf(counts)}\n\n${JSON.stringify(counts)}`);
    return exitCodeOf(counts);
  } catch (error) {
    progress.end();
    if (!(ending.reason instanceof AskedToEnd)) throw error;
    console.log(`${ending.reason.message} Stopping everything.`);
    return ending.reason.exitCode;
  } finally {
    await starting.stop();
    await crm.close();
    if (options.keep) console.error(`Everything the parts wrote is in ${home}`);
    else await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(USAGE);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
