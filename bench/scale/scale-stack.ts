/** What a part of the scale benchmark runs on: a sandbox and a gateway of each version of its own, the run's Temporal, and workers as many as wanted. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { whenHealthy } from '../../src/stack/health.js';
import { freePorts } from '../../src/stack/ports.js';
import type { Processes, RunningProcess } from '../../src/stack/processes.js';
import type { CrmReceiver } from '../crm-receiver.js';
import { DealDriver, type Driven } from '../deal-driver.js';
import { profilingTo } from '../profile.js';
import { sandboxAdmin } from '../sandbox-admin.js';
import { PARTIES, ready, startServers } from '../servers.js';
import type { MeasuredTemporal } from './measured-temporal.js';
import type { ScaleOptions } from './options.js';

export interface ScaleVersion extends Driven {
  gateway: RunningProcess;
  workflowIdOf: (dealId: string) => string;
  /** Starts one worker process more. It may yet have to connect when this settles. `env`: what it is told besides. */
  startWorker(nodeOptions?: readonly string[], env?: NodeJS.ProcessEnv): Promise<ScaleWorker>;
}

export interface ScaleWorker {
  process: RunningProcess;
  /** Its Prometheus endpoint; null for the plain version, which has none. */
  metricsUrl: string | null;
}

export interface ScaleStack {
  client: Client;
  driver: DealDriver;
  temporal: MeasuredTemporal;
  sandboxUrl: string;
  taskQueue: string;
  contractUri: string;
  countersign: ScaleVersion;
  plain: ScaleVersion;
  /** Names that no other run at the same Temporal has. */
  named: (name: string) => string;
  stop(): Promise<void>;
}

/** The key of Countersign's deals at the sandbox, and of its webhooks' signatures. */
export const API_KEY = 'bench-countersign';
const PLAIN_KEY = 'bench-plain';
const CRM_SECRET = 'a secret of the benchmark alone';

/** Starts everything else in `folder`. The caller stops `processes`, also when this throws. */
export async function startScaleStack(
  folder: string,
  processes: Processes,
  crm: CrmReceiver,
  temporal: MeasuredTemporal,
  { detectionMs, profiles }: Pick<ScaleOptions, 'detectionMs' | 'profiles'>,
): Promise<ScaleStack> {
  const servers = await startServers(folder, processes, {
    apiKeys: [API_KEY, PLAIN_KEY],
    platformKeys: [API_KEY],
    detectionMs,
    temporalAddress: temporal.address,
  });
  const { temporalAddress, sandboxUrl, contract, documentTypes, node } = servers;
  const { namespace } = temporal;
  const ports = await freePorts(['gateway', 'server']);
  const stamp = Date.now().toString(36);
  const taskQueue = `bench-${stamp}`;
  const shared = {
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    ATLAS_BASE_URL: sandboxUrl,
    CRM_URL: crm.url,
  };
  const urls = { countersign: `http://127.0.0.1:${ports.gateway}`, plain: `http://127.0.0.1:${ports.server}` };
  const ours = {
    ...shared,
    ATLAS_API_KEY: API_KEY,
    PORT: String(ports.gateway),
    PUBLIC_URL: urls.countersign,
    TASK_QUEUE: taskQueue,
  };
  const theirs = { ...shared, ATLAS_API_KEY: PLAIN_KEY, PORT: String(ports.server), PUBLIC_URL: urls.plain };
  const gateway = await node(
    'gateway',
    'gateway.js',
    { ...ours, DOCUMENT_TYPES: documentTypes },
    profilingTo(profiles),
  );
  const server = await node('plain-server', 'bench/plain/server.js', theirs);
  await Promise.all([
    ready(gateway, (signal) => whenHealthy(`${urls.countersign}/healthz`, signal)),
    ready(server, (signal) => whenHealthy(`${urls.plain}/healthz`, signal)),
  ]);

  const startOurs: ScaleVersion['startWorker'] = async (nodeOptions, besides) => {
    const { metrics } = await freePorts(['metrics']);
    const env = {
      ...ours,
      CRM: 'http',
      CRM_SECRET,
      DOCUMENT_ROOT: folder,
      DOCUMENT_STORE: `file:${join(folder, 'filed-countersign')}`,
      METRICS_PORT: String(metrics),
      ...besides,
    };
    const process = await node('worker', 'worker.js', env, nodeOptions);
    return { process, metricsUrl: `http://127.0.0.1:${metrics}/metrics` };
  };
  const startTheirs: ScaleVersion['startWorker'] = async (nodeOptions, besides) => {
    const env = { ...theirs, DOCUMENT_STORE: join(folder, 'filed-plain'), ...besides };
    return { process: await node('plain-worker', 'bench/plain/worker.js', env, nodeOptions), metricsUrl: null };
  };

  const connection = await Connection.connect({ address: temporalAddress });
  const named = (name: string): string => `${stamp}-${name}`;
  return {
    client: new Client({ connection, namespace }),
    driver: new DealDriver(crm, sandboxAdmin(sandboxUrl)),
    temporal,
    sandboxUrl,
    taskQueue,
    contractUri: contract.uri,
    named,
    countersign: {
      name: 'countersign',
      gatewayUrl: urls.countersign,
      gateway,
      start: (dealId) => ({ dealId, documentType: 'order-form', document: { uri: contract.uri }, parties: PARTIES }),
      workflowIdOf: (dealId) => `deal-${dealId}`,
      startWorker: startOurs,
    },
    plain: {
      name: 'plain',
      gatewayUrl: urls.plain,
      gateway: server,
      start: (dealId) => ({ dealId, document: contract.path, parties: PARTIES }),
      workflowIdOf: (dealId) => `plain-${dealId}`,
      startWorker: startTheirs,
    },
    async stop() {
      await connection.close();
      await Promise.all([servers.sandbox, gateway, server].map((process) => process.stop()));
    },
  };
}
