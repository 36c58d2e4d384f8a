/** The Temporal that a scale run is measured on: a cluster on PostgreSQL, one dev server, or one that runs already. */
import { join } from 'node:path';
import { startCluster } from '../../cluster/cluster.js';
import type { Processes } from '../../src/stack/processes.js';
import { cpuMsOf, cpuMsWithChildrenOf } from '../process-usage.js';
import { sumOfKnown } from '../quantile.js';
import { startDevServer } from '../servers.js';

export type TemporalChoice = 'cluster' | 'dev-server' | { address: string; namespace: string };

export interface MeasuredTemporal {
  /** As the results name it. */
  name: string;
  address: string;
  namespace: string;
  /** CPU time of all its processes since they began, PostgreSQL's too, in ms; null where that cannot be told. */
  cpuMs(): Promise<number | null>;
  stop(): Promise<void>;
}

/** Throws what the cluster's start throws, such as that Go or PostgreSQL is missing. The caller stops it, and `processes`. */
export async function startMeasuredTemporal(
  choice: TemporalChoice,
  folder: string,
  processes: Processes,
  say: (text: string) => void,
): Promise<MeasuredTemporal> {
  if (choice === 'cluster') return aCluster(folder, say);
  if (choice === 'dev-server') {
    const { address, process } = await startDevServer(join(folder, 'dev-server'), processes);
    const cpuMs = () => cpuMsOf(process.pid);
    const stop = async () => void (await process.stop());
    return { name: 'dev server', address, namespace: 'default', cpuMs, stop };
  }
  return { name: 'as given by --temporal', ...choice, cpuMs: async () => null, stop: async () => undefined };
}

async function aCluster(folder: string, say: (text: string) => void): Promise<MeasuredTemporal> {
  // Not below it: PostgreSQL, which does not run as root, must be able to reach its data.
  const cluster = await startCluster({ folder, say });
  const { address, namespace, services, postgres } = cluster;
  return {
    name: 'cluster of two processes a service, on PostgreSQL',
    address,
    namespace,
    async cpuMs() {
      const ofServices = services.map(async (service) => {
        const pid = service.pid();
        return pid === undefined ? null : cpuMsOf(pid);
      });
      return sumOfKnown(await Promise.all([...ofServices, cpuMsWithChildrenOf(postgres.pid())]));
    },
    stop: () => cluster.stop(),
  };
}
