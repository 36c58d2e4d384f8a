/** `npm run cluster`: a Temporal cluster on this machine, kept up until it is told to end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AskedToEnd, endingSignal, unlessAborted } from '../src/stack/ending.js';
import { startCluster, type Cluster } from './cluster.js';
import { readOptions, USAGE, type Options } from './options.js';
import { whatRunsWhere } from './what-runs-where.js';

async function main({ folder, shards, ...options }: Options): Promise<number> {
  const ending = endingSignal();
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'countersign-cluster-')));
  let cluster: Cluster | undefined;
  try {
    cluster = await startCluster({
      ...options,
      ...(shards !== undefined && { shards }),
      folder: home,
      say: (line) => console.log(line),
      signal: ending,
    });
    console.log(`\n${whatRunsWhere(cluster)}\n`);
    return await unlessAborted(new Promise<number>(() => undefined), ending);
  } catch (error) {
    if (!(ending.aborted && ending.reason instanceof AskedToEnd)) throw error;
    console.log(
      `\n${ending.reason.message} Stopping everything${folder === undefined ? '' : `; ${folder} keeps the data`}.`,
    );
    return ending.reason.signal === 'SIGINT' ? 0 : ending.reason.exitCode;
  } finally {
    await cluster?.stop();
    if (folder === undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 });
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
