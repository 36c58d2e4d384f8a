/** All that the benchmark runs on: one Temporal dev server, one sandbox, one CRM, and a worker and a gateway of each version. */
import { join } from 'node:path';
import { workflowIdOf } from '../src/deal/ids.js';
import { whenHealthy } from '../src/stack/health.js';
import { freePorts } from '../src/stack/ports.js';
import type { Processes, RunningProcess } from '../src/stack/processes.js';
import type { CrmReceiver } from './crm-receiver.js';
import type { Options } from './options.js';
import { profilingTo } from './profile.js';
import { firstEnd, PARTIES, ready, startServers, type Party } from './servers.js';

export interface Version {
  name: 'countersign' | 'plain';
  apiKey: string;
  /** Where deals are started and reviewed, and where webhooks arrive. */
  gatewayUrl: string;
  /** Body of `POST /deals`. */
  start: (dealId: string) => { dealId: string; document: unknown; parties: readonly Party[]; documentType?: string };
  workflowIdOf: (dealId: string) => string;
  worker: RunningProcess;
  gateway: RunningProcess;
}

export interface BenchStack {
  temporalAddress: string;
  sandboxUrl: string;
  /** Null where it runs elsewhere. */
  temporal: RunningProcess | null;
  sandbox: RunningProcess;
  countersign: Version;
  plain: Version;
  /** Rejects when one of the processes ends. */
  broken: Promise<never>;
  stop(): Promise<void>;
}

const CRM_SECRET = 'a secret of the benchmark alone';

/** Starts everything in `folder`. The caller stops `processes`, also when this throws. */
export async function startBenchStack(
  folder: string,
  processes: Processes,
  crm: CrmReceiver,
  { detectionMs, profiles }: Options,
): Promise<BenchStack> {
  const keys = { countersign: 'bench-countersign', plain: 'bench-plain' };
  const servers = await startServers(folder, processes, { apiKeys: Object.values(keys), detectionMs });
  const { temporalAddress, sandboxUrl, temporal, sandbox, contract, documentTypes, node } = servers;
  const ports = await freePorts(['gateway', 'server']);

  const shared = { TEMPORAL_ADDRESS: temporalAddress, ATLAS_BASE_URL: sandboxUrl, CRM_URL: crm.url };
  const settingsOf = (name: keyof typeof keys, port: number): NodeJS.ProcessEnv => ({
    ...shared,
    ATLAS_API_KEY: keys[name],
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  });

  const ours = settingsOf('countersign', ports.gateway);
  const gateway = await node('gateway', 'gateway.js', { ...ours, DOCUMENT_TYPES: documentTypes });
  const worker = await node(
    'worker',
    'worker.js',
    {
      ...ours,
      CRM: 'http',
      CRM_SECRET,
      DOCUMENT_ROOT: folder,
      DOCUMENT_STORE: `file:${join(folder, 'filed-countersign')}`,
      METRICS_PORT: '0',
    },
    profilingTo(profiles),
  );

  const theirs = settingsOf('plain', ports.server);
  const server = await node('plain-server', 'bench/plain/server.js', theirs);
  const plainWorker = await node('plain-worker', 'bench/plain/worker.js', {
    ...theirs,
    DOCUMENT_STORE: join(folder, 'filed-plain'),
  });

  const urls = { countersign: `http://127.0.0.1:${ports.gateway}`, plain: `http://127.0.0.1:${ports.server}` };
  await Promise.all([
    ready(gateway, (signal) => whenHealthy(`${urls.countersign}/healthz`, signal)),
    ready(server, (signal) => whenHealthy(`${urls.plain}/healthz`, signal)),
  ]);

  const running = [temporal, sandbox, gateway, worker, server, plainWorker].filter((process) => process !== null);
  return {
    temporalAddress,
    sandboxUrl,
    temporal,
    sandbox,
    countersign: {
      name: 'countersign',
      apiKey: keys.countersign,
      gatewayUrl: urls.countersign,
      start: (dealId) => ({
        dealId,
        documentType: 'order-form',
        document: { uri: contract.uri },
        parties: PARTIES,
      }),
      workflowIdOf: (dealId) => workflowIdOf(dealId),
      worker,
      gateway,
    },
    plain: {
      name: 'plain',
      apiKey: keys.plain,
      gatewayUrl: urls.plain,
      start: (dealId) => ({ dealId, document: contract.path, parties: PARTIES }),
      workflowIdOf: (dealId) => `plain-${dealId}`,
      worker: plainWorker,
      gateway: server,
    },
    broken: firstEnd(running),
    stop: async () => void (await Promise.all(running.map((process) => process.stop()))),
  };
}
