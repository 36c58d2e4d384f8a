/** All that the benchmark runs on: one Temporal dev server, one sandbox, one CRM, and a worker and a gateway of each version. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { workflowIdOf } from '../src/deal/ids.js';
import { twoPagePdf } from '../src/stack/contracts.js';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { findExecutable } from '../src/stack/find-temporal.js';
import { whenHealthy } from '../src/stack/health.js';
import { freePorts } from '../src/stack/ports.js';
import type { Processes, RunningProcess } from '../src/stack/processes.js';
import { DEV_SERVER } from '../src/stack/temporal-server-kinds.js';
import { devServerReady, devServerSpec } from '../src/stack/temporal-server.js';
import type { CrmReceiver } from './crm-receiver.js';
import type { Options } from './options.js';

export interface Party {
  email: string;
  name: string;
  role: string;
  order: number;
}

const PARTIES: readonly Party[] = [
  { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer', order: 1 },
  { email: 'bob@seller.example', name: 'Bob Seller', role: 'Company', order: 2 },
];

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
  temporal: RunningProcess;
  sandbox: RunningProcess;
  countersign: Version;
  plain: Version;
  /** Rejects when one of the processes ends. */
  broken: Promise<never>;
}

/** The built product: this file runs in dist/bench/. */
const PRODUCT = fileURLToPath(new URL('../', import.meta.url));
const READY_MS = 60_000;
const CRM_SECRET = 'a secret of the benchmark alone';

/** Starts everything in `folder`. The caller stops `processes`, also when this throws. */
export async function startBenchStack(
  folder: string,
  processes: Processes,
  crm: CrmReceiver,
  { detectionMs, profiles }: Options,
): Promise<BenchStack> {
  const ports = await freePorts(['temporal', 'sandbox', 'bucket', 'gateway', 'server']);
  const temporalAddress = `127.0.0.1:${ports.temporal}`;
  const sandboxUrl = `http://127.0.0.1:${ports.sandbox}`;
  const keys = { countersign: 'bench-countersign', plain: 'bench-plain' };
  // Nothing of the user's own settings may leak into a measurement.
  const base = { ...cleanEnvironment(process.env, false), HOME: folder, HOST: '127.0.0.1' };
  const document = await writeContract(folder);
  const documentTypes = join(folder, 'document-types.json');
  await writeFile(documentTypes, JSON.stringify({ 'order-form': {} }));

  const node = (name: string, script: string, env: NodeJS.ProcessEnv, nodeOptions: string[] = []) =>
    processes.start({
      name,
      command: process.execPath,
      args: [...nodeOptions, join(PRODUCT, script)],
      env: { ...base, ...env },
      cwd: folder,
    });

  const { path: executable } = await findExecutable(DEV_SERVER, { notice: (line) => console.log(line) });
  const dbFilename = join(folder, 'temporal.db');
  const temporal = await processes.start(devServerSpec({ executable, port: ports.temporal, dbFilename, cwd: folder }));
  const sandbox = await node('sandbox', 'sandbox.js', {
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_BUCKET_PORT: String(ports.bucket),
    SANDBOX_API_KEYS: Object.values(keys).join(','),
    SANDBOX_CREDITS: '1000000',
    SANDBOX_DETECTION_MS: String(detectionMs),
    // A webhook that had to be repeated follows in a second instead of a minute.
    SANDBOX_CLOCK_SPEED: '60',
  });
  await Promise.all([
    ready(temporal, (signal) => devServerReady(temporalAddress, signal)),
    ready(sandbox, (signal) => whenHealthy(`${sandboxUrl}/healthz`, signal)),
  ]);

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
    profiles === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles],
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
        document: { uri: 'file:contract.pdf' },
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
      start: (dealId) => ({ dealId, document, parties: PARTIES }),
      workflowIdOf: (dealId) => `plain-${dealId}`,
      worker: plainWorker,
      gateway: server,
    },
    broken: firstEnd([temporal, sandbox, gateway, worker, server, plainWorker]),
  };
}

/** The contract of all deals. Its mark makes the sandbox detect its fields each time anew: for a known document they are ready at once. */
async function writeContract(folder: string): Promise<string> {
  const path = join(folder, 'contract.pdf');
  await writeFile(path, Buffer.concat([await twoPagePdf(), Buffer.from('\n% sandbox_detection=ready\n')]));
  return path;
}

/** Settles once `check` does; rejects with the end of its log when the process ends before or is not ready in time. */
async function ready(process: RunningProcess, check: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const giveUp = new AbortController();
  const late = wait(READY_MS, 'is not ready', { signal: giveUp.signal });
  const failed = Promise.race([late, process.ended.then(() => 'ended at its start')]).then(async (how) => {
    throw await lastWordsOf(process, how);
  });
  try {
    await Promise.race([check(giveUp.signal), failed]);
  } finally {
    giveUp.abort();
  }
}

async function firstEnd(running: readonly RunningProcess[]): Promise<never> {
  const ended = await Promise.race(running.map((process) => process.ended.then(() => process)));
  throw await lastWordsOf(ended, 'ended before the benchmark did');
}

async function lastWordsOf({ name, logFile }: RunningProcess, what: string): Promise<Error> {
  const log = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
  return new Error([`${name} ${what}. The end of its log:`, ...log.slice(-10)].join('\n  '));
}
