/** Countersign as it is run in earnest: several workers and gateways, and the network between them and Atlas. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { whenHealthy } from '../src/stack/health.js';
import type { TokenRole } from '../src/stack/kept-settings.js';
import { Part } from '../src/stack/part.js';
import { freePorts } from '../src/stack/ports.js';
import { Processes, type ProcessSpec } from '../src/stack/processes.js';
import { CREDITS } from '../soak/windows.js';
import { Link } from './link.js';

export interface StandOptions {
  home: string;
  temporal: { address: string; namespace: string };
  workers: number;
  gateways: number;
  /** Settings of the CRM, and whatever else workers and gateways are to know. */
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
}

/** A process that comes back by itself after its death. */
export interface Standing {
  part: Part;
  ready: (signal: AbortSignal) => Promise<void>;
}

export interface Stand {
  sandboxUrl: string;
  gatewayUrls: string[];
  tokens: Record<TokenRole, string>;
  atlasKey: string;
  folders: Folders;
  workers: Standing[];
  gateways: Standing[];
  /** All that goes between Countersign and Atlas: calls, downloads, webhooks. */
  network: Link[];
}

interface Folders {
  data: string;
  contracts: string;
  filed: string;
  logs: string;
}

const LOOPBACK = '127.0.0.1';
const SETUP_ATTEMPTS = 3;

export function foldersIn(home: string): Folders {
  const data = join(home, 'data');
  return { data, contracts: join(data, 'contracts'), filed: join(data, 'documents'), logs: join(home, 'logs') };
}

/** Starts the stand. `stop` may be called at any time and ends all that was started. */
export function startStand(options: StandOptions): { stand: Promise<Stand>; stop(): Promise<void> } {
  const folders = foldersIn(options.home);
  const processes = new Processes(folders.logs);
  const parts: Part[] = [];
  const network: Link[] = [];
  return {
    stand: assemble(options, folders, processes, parts, network),
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
      await processes.stopAll();
      await Promise.all(network.map((link) => link.close()));
    },
  };
}

async function assemble(
  { home, temporal, env, say, ...wanted }: StandOptions,
  folders: Folders,
  processes: Processes,
  parts: Part[],
  network: Link[],
): Promise<Stand> {
  await mkdir(folders.contracts, { recursive: true });
  const numbered = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  const [workerNames, gatewayNames] = [numbered('worker', wanted.workers), numbered('gateway', wanted.gateways)];
  const ports = await freePorts(['sandbox', 'bucket', ...workerNames, ...gatewayNames]);
  const portOf = (name: string): number => ports[name] ?? 0;

  const link = async (...names: string[]): Promise<Link> => {
    const made = await Link.to(...names.map(portOf));
    network.push(made);
    return made;
  };
  const [calls, downloads, webhooks] = [await link('sandbox'), await link('bucket'), await link(...gatewayNames)];

  const secret = (): string => randomBytes(24).toString('hex');
  const tokens = { crm: secret(), viewer: secret(), reviewer: secret(), operator: secret() };
  const atlasKey = secret();
  // The person's own profile may name a namespace, a certificate or an API key for elsewhere.
  const profile = join(home, 'temporal.toml');
  await writeFile(profile, '[profile.default]\n');
  const shared: NodeJS.ProcessEnv = {
    ...cleanEnvironment(process.env, false),
    TEMPORAL_CONFIG_FILE: profile,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    HOST: LOOPBACK,
    PUBLIC_URL: webhooks.url,
    ATLAS_BASE_URL: calls.url,
    ATLAS_API_KEY: atlasKey,
    GATEWAY_TOKENS: Object.entries(tokens)
      .map(([role, token]) => `${role}:${role}:${token}`)
      .join(','),
    DOCUMENT_ROOT: folders.data,
    DOCUMENT_STORE: `file:${folders.filed}`,
    ...env,
  };
  const spec = (name: string, script: string, own: NodeJS.ProcessEnv): ProcessSpec => ({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', fileURLToPath(new URL(`../${script}.js`, import.meta.url))],
    env: { ...shared, ...own },
    cwd: home,
  });
  const standing = async (own: ProcessSpec, url: string, text = ''): Promise<Standing> => {
    const ready = (signal: AbortSignal): Promise<void> => whenHealthy(url, signal, text);
    const part = new Part(processes, { spec: own, ready });
    parts.push(part);
    await part.start();
    say(`${own.name} is up`);
    return { part, ready };
  };
  const at = (name: string): string => `http://${LOOPBACK}:${portOf(name)}`;

  const sandbox = standing(
    spec('sandbox', 'sandbox', {
      SANDBOX_PORT: String(portOf('sandbox')),
      SANDBOX_BUCKET_PORT: String(portOf('bucket')),
      SANDBOX_PUBLIC_URL: calls.url,
      SANDBOX_BUCKET_URL: downloads.url,
      SANDBOX_DATA: join(folders.data, 'sandbox'),
      SANDBOX_API_KEYS: atlasKey,
      SANDBOX_CREDITS: String(CREDITS),
      // Webhooks that failed follow in a second instead of a minute.
      SANDBOX_CLOCK_SPEED: '60',
    }),
    `${at('sandbox')}/healthz`,
  );
  await Promise.all([sandbox, setUp(processes, spec('setup', 'setup', {}))]);
  const [workers, gateways] = await Promise.all([
    Promise.all(
      workerNames.map((name) =>
        standing(
          spec(name, 'worker', { METRICS_PORT: String(portOf(name)) }),
          `${at(name)}/metrics`,
          'temporal_worker_start',
        ),
      ),
    ),
    Promise.all(
      gatewayNames.map((name) => standing(spec(name, 'gateway', { PORT: String(portOf(name)) }), `${at(name)}/readyz`)),
    ),
  ]);
  return {
    sandboxUrl: at('sandbox'),
    gatewayUrls: gatewayNames.map(at),
    tokens,
    atlasKey,
    folders,
    workers,
    gateways,
    network,
  };
}

/** Safe to repeat, so a set-up that was cut off simply runs again. */
async function setUp(processes: Processes, spec: ProcessSpec): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const setup = await processes.start(spec);
    const { code, signal } = await setup.ended;
    if (code === 0) return;
    if (attempt === SETUP_ATTEMPTS)
      throw new Error(`setup ended (${signal ?? `exit code ${code}`}): see ${setup.logFile}`);
  }
}
