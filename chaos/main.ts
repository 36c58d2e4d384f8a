/**
 * `npm run chaos`: many deals over several workers and gateways while databases, services and processes are killed and the network to Atlas is
 * cut, one fault after another. In the end no deal may be stranded, nothing may be there twice, and everybody must say the same.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { progressLine } from '../bench/progress-line.js';
import { writeContracts } from '../soak/contracts.js';
import { startCrmReceiver } from '../soak/crm-receiver.js';
import type { TrialCrm } from '../soak/crm.js';
import { PATHS, type Path } from '../soak/paths.js';
import { exitCodeOf, tellFindings } from '../soak/report.js';
import type { Finding } from '../soak/world.js';
import { AskedToEnd, endingSignal, unlessAborted } from '../src/stack/ending.js';
import { chaos } from './chaos.js';
import { watchTables } from './crm-tables.js';
import { readOptions, USAGE, type Options } from './options.js';
import { Pulse } from './pulse.js';
import { tableOf } from './report.js';
import { foldersIn, startStand } from './stand.js';
import { startTemporal, type Temporal } from './temporal.js';

interface CrmUnderTest {
  crm: TrialCrm;
  /** How workers and gateways find it. */
  env: NodeJS.ProcessEnv;
  paths: readonly Path[];
  findings: () => Promise<Finding[]>;
  close: () => Promise<void>;
}

const DATABASE = 'countersign';

/** On the PostgreSQL that is to be restarted, so that deals feel it twice; where there is none, in memory. */
async function startCrm({ postgres }: Pick<Temporal, 'postgres'>, seed: number, pulse: Pulse): Promise<CrmUnderTest> {
  if (postgres === null) {
    const crm = await startCrmReceiver({ share: 0, seed }, pulse.heard);
    const env = { CRM: 'http', CRM_URL: crm.url, CRM_SECRET: crm.secret };
    return { crm, env, paths: PATHS, findings: async () => [], close: () => crm.close() };
  }
  const url = postgres.url(DATABASE);
  const superuser = new pg.Client({ connectionString: postgres.url('postgres') });
  await superuser.connect();
  await superuser.query(`CREATE DATABASE ${DATABASE}`).finally(() => superuser.end());
  return { env: { CRM: 'postgres', DATABASE_URL: url }, paths: PATHS.map(withdrawable), ...watching(url, pulse) };
}

function watching(url: string, pulse: Pulse): Pick<CrmUnderTest, 'crm' | 'findings' | 'close'> {
  const crm = watchTables(url, pulse.heard);
  return { crm, findings: () => crm.findings(), close: () => crm.close() };
}

/** Here a company withdraws a deal by a word of its own, which may be read before the last signature is. */
function withdrawable(path: Path): Path {
  return path.name === 'deleted-in-crm-late' ? { ...path, ends: ['completed', 'cancelled'] } : path;
}

async function main(options: Options): Promise<number> {
  const ending = endingSignal();
  const progress = progressLine();
  const home = await mkdtemp(join(tmpdir(), 'countersign-chaos-'));
  const say = (line: string): void => progress.show(line);
  const documentTypes = join(home, 'document-types.json');
  const { deals, workers, gateways, seed } = options;
  console.log(
    `${deals} deals, ${workers} workers, ${gateways} gateways, Temporal: ${options.temporal}, --seed ${seed}`,
  );
  // A server that somebody else uses must not be hurt: this run has one of its own.
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  const ends: (() => Promise<void>)[] = [];
  try {
    const pulse = new Pulse();
    const folder = join(home, 'temporal');
    await mkdir(folder);
    // PostgreSQL, which may have to run as somebody else, must get through to its own folder.
    await chmod(home, 0o711);
    const temporal = await startTemporal(options.temporal, folder, say, ending);
    ends.push(() => temporal.stop());
    ending.throwIfAborted();
    const { crm, env, paths, findings: crmFindings, close } = await startCrm(temporal, seed, pulse);
    ends.push(close);
    await writeContracts(foldersIn(home).contracts, documentTypes, options.expireAfter);
    const starting = startStand({
      home,
      temporal,
      workers,
      gateways,
      // What webhooks fail to tell is to be learned within the run; later looks come ever more seldom.
      env: { ...env, DOCUMENT_TYPES: documentTypes, READ_BACK_FIRST: '5 seconds' },
      say,
    });
    ends.push(() => starting.stop());
    const stand = await unlessAborted(starting.stand, ending);
    const { counts, findings, world } = await chaos({
      stand,
      temporal,
      crm,
      crmFindings,
      paths,
      pulse,
      options,
      progress,
      ending,
    });
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
    for (const end of ends.reverse()) await end();
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
