/** The Temporal that is to be hurt: a cluster on PostgreSQL, or one dev server where a short run must do. */
import { join } from 'node:path';
import { startCluster, type Cluster } from '../cluster/cluster.js';
import { findTemporal } from '../src/stack/find-temporal.js';
import { Part } from '../src/stack/part.js';
import { freePort } from '../src/stack/ports.js';
import { Processes } from '../src/stack/processes.js';
import { devServerReady, devServerSpec } from '../src/stack/temporal-server.js';

export interface TemporalService {
  /** As the table names it. */
  name: string;
  kill(): Promise<void>;
  /** Settles once it serves again. */
  start(): Promise<void>;
}

export interface Temporal {
  address: string;
  namespace: string;
  services: TemporalService[];
  /** Null where Temporal keeps its data otherwise. */
  postgres: Cluster['postgres'] | null;
  stop(): Promise<void>;
}

export async function startTemporal(
  kind: 'cluster' | 'dev-server',
  folder: string,
  say: (line: string) => void,
  /** Aborting it ends a start that is not through. */
  signal: AbortSignal,
): Promise<Temporal> {
  return kind === 'cluster' ? aCluster(folder, say, signal) : aDevServer(folder, say);
}

async function aCluster(folder: string, say: (line: string) => void, signal: AbortSignal): Promise<Temporal> {
  const cluster = await startCluster({ folder, say, signal });
  const { address, namespace, services, postgres } = cluster;
  return {
    address,
    namespace,
    postgres,
    stop: () => cluster.stop(),
    services: services.map((process) => ({
      name: process.service,
      async kill() {
        process.kill();
      },
      start: () => process.start(),
    })),
  };
}

async function aDevServer(folder: string, say: (line: string) => void): Promise<Temporal> {
  const found = await findTemporal({ notice: say });
  if (found.kind === 'running') throw new Error('The chaos run kills its Temporal server: unset TEMPORAL_ADDRESS.');
  const processes = new Processes(folder);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const dbFilename = join(folder, 'temporal.db');
  const ready = (signal: AbortSignal): Promise<void> => devServerReady(address, signal);
  const server = new Part(processes, {
    spec: devServerSpec({ executable: found.path, port, dbFilename, cwd: folder }),
    ready,
  });
  try {
    await server.start();
  } catch (error) {
    await processes.stopAll();
    throw error;
  }
  say('temporal is up');
  return {
    address,
    namespace: 'default',
    postgres: null,
    async stop() {
      await server.stop();
      await processes.stopAll();
    },
    // It comes back by itself.
    services: [{ name: 'server', kill: () => server.kill(), start: () => ready(AbortSignal.timeout(60_000)) }],
  };
}
