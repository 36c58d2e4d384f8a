/** What the console is measured on: servers of its own, with a worker, and a gateway whose visitors log in. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { whenHealthy } from '../../src/stack/health.js';
import { freePorts } from '../../src/stack/ports.js';
import type { Processes } from '../../src/stack/processes.js';
import type { CrmReceiver } from '../crm-receiver.js';
import { firstEnd, ready, startServers } from '../servers.js';

export interface ConsoleStack {
  temporalAddress: string;
  gatewayUrl: string;
  /** An operator's: may start deals, and sees all of the console. */
  token: string;
  /** Where the contract of a deal lies. */
  contractUri: string;
  /** Rejects when one of the processes ends. */
  broken: Promise<never>;
  stop(): Promise<void>;
}

const API_KEY = 'bench-console';
const CRM_SECRET = 'a secret of the benchmark alone';
const DETECTION_MS = 200;

/** Starts everything in `folder`. The caller stops `processes`, also when this throws. */
export async function startConsoleStack(folder: string, processes: Processes, crm: CrmReceiver): Promise<ConsoleStack> {
  const servers = await startServers(folder, processes, { apiKeys: [API_KEY], detectionMs: DETECTION_MS });
  const { temporalAddress, sandboxUrl, temporal, sandbox, contract, documentTypes, node } = servers;
  const ports = await freePorts(['gateway', 'temporalUi']);
  const gatewayUrl = `http://127.0.0.1:${ports.gateway}`;
  const token = randomBytes(24).toString('hex');
  const shared = {
    TEMPORAL_ADDRESS: temporalAddress,
    ATLAS_BASE_URL: sandboxUrl,
    ATLAS_API_KEY: API_KEY,
    PORT: String(ports.gateway),
    PUBLIC_URL: gatewayUrl,
  };
  const gateway = await node('gateway', 'gateway.js', {
    ...shared,
    DOCUMENT_TYPES: documentTypes,
    GATEWAY_TOKENS: `operator:bench:${token}`,
    // Nobody listens there, but with it the deal's page looks its run up, as it does under `npm start`.
    TEMPORAL_UI_URL: `http://127.0.0.1:${ports.temporalUi}`,
  });
  const worker = await node('worker', 'worker.js', {
    ...shared,
    CRM: 'http',
    CRM_URL: crm.url,
    CRM_SECRET,
    DOCUMENT_ROOT: folder,
    DOCUMENT_STORE: `file:${join(folder, 'filed')}`,
    METRICS_PORT: '0',
  });
  await ready(gateway, (signal) => whenHealthy(`${gatewayUrl}/healthz`, signal));
  const running = [temporal, sandbox, gateway, worker].filter((process) => process !== null);
  return {
    temporalAddress,
    gatewayUrl,
    token,
    contractUri: contract.uri,
    broken: firstEnd(running),
    stop: async () => void (await Promise.all(running.map((process) => process.stop()))),
  };
}
