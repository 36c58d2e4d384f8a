/** What every part of the benchmark runs on: a Temporal dev server on a disk, the sandbox, and processes of the built product beside them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { twoPagePdf } from '../src/stack/contracts.js';
import { findExecutable } from '../src/stack/find-temporal.js';
import { whenHealthy } from '../src/stack/health.js';
import { freePorts } from '../src/stack/ports.js';
import type { Processes, RunningProcess } from '../src/stack/processes.js';
import { DEV_SERVER } from '../src/stack/temporal-server-kinds.js';
import { devServerReady, devServerSpec } from '../src/stack/temporal-server.js';

/** The parties of every deal. */
export const PARTIES: readonly Party[] = [
  { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer', order: 1 },
  { email: 'bob@seller.example', name: 'Bob Seller', role: 'Company', order: 2 },
];

export interface Party {
  email: string;
  name: string;
  role: string;
  order: number;
}

export interface Servers {
  temporalAddress: string;
  sandboxUrl: string;
  /** Null where it runs already. */
  temporal: RunningProcess | null;
  sandbox: RunningProcess;
  /** The contract of all deals, as a `file:` of the document root (the folder) and as the plain version takes it. */
  contract: { uri: string; path: string };
  /** File of document types; it knows `order-form`. */
  documentTypes: string;
  /** Starts one script of the built product, with nothing of the user's own settings. */
  node: (
    name: string,
    script: string,
    env: NodeJS.ProcessEnv,
    nodeOptions?: readonly string[],
  ) => Promise<RunningProcess>;
}

export interface ServerOptions {
  /** Keys that the sandbox knows. */
  apiKeys: readonly string[];
  /** How long the sandbox takes to find the fields of a document. */
  detectionMs: number;
  /** A Temporal that runs already and knows the deals' search attributes; a dev server of its own without it. */
  temporalAddress?: string | undefined;
  /** Keys of `apiKeys` that may act for connected accounts: tenants. */
  platformKeys?: readonly string[];
}

/** The built product: this file runs in dist/bench/. */
const PRODUCT = fileURLToPath(new URL('../', import.meta.url));
const READY_MS = 60_000;

/** Starts the servers in `folder`, which it makes. The caller stops `processes`, also when this throws. */
export async function startServers(
  folder: string,
  processes: Processes,
  { apiKeys, detectionMs, temporalAddress: present, platformKeys = [] }: ServerOptions,
): Promise<Servers> {
  await mkdir(folder, { recursive: true });
  const ports = await freePorts(['sandbox', 'bucket']);
  const sandboxUrl = `http://127.0.0.1:${ports.sandbox}`;
  // Nothing of the user's own settings may leak into a measurement.
  const base = { ...cleanEnvironment(process.env, false), HOME: folder, HOST: '127.0.0.1' };
  const path = await writeContract(folder);
  const documentTypes = join(folder, 'document-types.json');
  await writeFile(documentTypes, JSON.stringify({ 'order-form': {} }));

  const node: Servers['node'] = (name, script, env, nodeOptions = []) =>
    processes.start({
      name,
      command: process.execPath,
      args: [...nodeOptions, join(PRODUCT, script)],
      env: { ...base, ...env },
      cwd: folder,
    });

  const { address: temporalAddress, process: temporal } =
    present === undefined ? await startDevServer(folder, processes) : { address: present, process: null };
  const sandbox = await node('sandbox', 'sandbox.js', {
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_BUCKET_PORT: String(ports.bucket),
    SANDBOX_API_KEYS: apiKeys.filter((key) => !platformKeys.includes(key)).join(','),
    SANDBOX_PLATFORM_KEYS: platformKeys.join(','),
    SANDBOX_CREDITS: '1000000',
    SANDBOX_DETECTION_MS: String(detectionMs),
    // A webhook that had to be repeated follows in a second instead of a minute.
    SANDBOX_CLOCK_SPEED: '60',
  });
  await ready(sandbox, (signal) => whenHealthy(`${sandboxUrl}/healthz`, signal));
  const contract = { uri: 'file:contract.pdf', path };
  return { temporalAddress, sandboxUrl, temporal, sandbox, contract, documentTypes, node };
}

/** A dev server with its database on a disk, in `folder`, which is made. Settles once it serves. */
export async function startDevServer(
  folder: string,
  processes: Processes,
): Promise<{ address: string; process: RunningProcess }> {
  await mkdir(folder, { recursive: true });
  const { path: executable } = await findExecutable(DEV_SERVER, { notice: (line) => console.log(line) });
  const { port } = await freePorts(['port']);
  const address = `127.0.0.1:${port}`;
  const dbFilename = join(folder, 'temporal.db');
  const process = await processes.start(devServerSpec({ executable, port, dbFilename, cwd: folder }));
  await ready(process, (signal) => devServerReady(address, signal));
  return { address, process };
}

/** Its mark makes the sandbox detect the fields each time anew: for a known document they are ready at once. */
async function writeContract(folder: string): Promise<string> {
  const path = join(folder, 'contract.pdf');
  await writeFile(path, Buffer.concat([await twoPagePdf(), Buffer.from('\n% sandbox_detection=ready\n')]));
  return path;
}

/** Settles once `check` does; rejects with the end of its log when the process ends before or is not ready in time. */
export async function ready(process: RunningProcess, check: (signal: AbortSignal) => Promise<void>): Promise<void> {
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

/** Rejects when one of the processes ends. */
export async function firstEnd(running: readonly RunningProcess[]): Promise<never> {
  const ended = await Promise.race(running.map((process) => process.ended.then(() => process)));
  throw await lastWordsOf(ended, 'ended before the benchmark did');
}

async function lastWordsOf({ name, logFile }: RunningProcess, what: string): Promise<Error> {
  const log = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
  return new Error([`${name} ${what}. The end of its log:`, ...log.slice(-10)].join('\n  '));
}
