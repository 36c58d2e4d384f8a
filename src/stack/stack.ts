import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.js';
import { findTemporal } from './find-temporal.js';
import { whenHealthy } from './health.js';
import { keptSettings, type KeptSettings, type PortName, type TokenRole } from './kept-settings.js';
import { Part, type PartOptions } from './part.js';
import { Processes, type ProcessSpec } from './processes.js';
import { REPOSITORY } from './repository.js';
import { devServerReady, devServerSpec } from './temporal-server.js';

const LOOPBACK = '127.0.0.1';
const SETUP_ATTEMPTS = 3;

export type PartName = 'temporal' | 'sandbox' | 'worker' | 'gateway';

export interface StackOptions {
  /** Folder in which the stack lives: all that it keeps goes to `data` below it. Made when missing. */
  home: string;
  /** Ports to use on the first run where they are free; others are chosen. */
  ports?: Partial<Record<PortName, number>>;
  /** Whether Temporal's web UI is served too. */
  ui?: boolean;
  /** More environment for the sandbox (its switches), or for the worker and the gateway. */
  env?: { sandbox?: NodeJS.ProcessEnv; countersign?: NodeJS.ProcessEnv };
  /** Short lines of progress: downloads, parts that are up, parts that were lost. */
  notice?: (line: string) => void;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
}

export interface Stack {
  /** Tells this stack's deals from those of others on the same Temporal server: eight hex digits. */
  readonly id: string;
  readonly urls: { gateway: string; sandbox: string; temporalUi: string | null; metrics: string };
  /** `host:port` */
  readonly temporalAddress: string;
  /** Bearer tokens of the gateway by role. Each acts under its role's name. */
  readonly tokens: Record<TokenRole, string>;
  /** Atlas's API key at the sandbox. */
  readonly atlasKey: string;
  readonly folders: { data: string; contracts: string; filed: string; crm: string; logs: string };
  /** Process id of a part; undefined for a Temporal server that is not the stack's own. */
  pid(name: PartName): number | undefined;
  /** SIGKILL; the part comes back by itself. Settles once the process is gone. */
  kill(name: PartName): Promise<void>;
  /** Ends a part for good, by SIGTERM first. */
  end(name: PartName): Promise<void>;
  /** Ends a part and starts it again on its port and data; settles once it is ready. */
  restart(name: PartName): Promise<void>;
  /** Ends everything; a second call does nothing more. */
  stop(): Promise<void>;
}

/** A start that was not completed, with the way to end what was started. */
export interface Starting {
  stack: Promise<Stack>;
  stop(): Promise<void>;
}

/**
 * Starts Temporal, the Atlas sandbox, the worker and the gateway as processes of their own on loopback ports, set up and ready.
 * Parts that end by themselves are started again. On data of an earlier run it goes on where that one ended. `stop` may be called
 * at any time; if the start fails everything is stopped before the promise rejects.
 */
export function startStack(options: StackOptions): Starting {
  const data = join(options.home, 'data');
  const folders = {
    data,
    contracts: join(data, 'contracts'),
    filed: join(data, 'documents'),
    crm: join(data, 'crm'),
    logs: join(data, 'logs'),
  };
  const processes = new Processes(folders.logs, options.graceMs);
  const parts = new Map<PartName, Part>();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll(parts, processes));
  const stack = assemble(options, folders, processes, parts, stop).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { stack, stop };
}

/** The gateway first, so that nobody is answered by half a stack; Temporal last, which the worker tells that it goes. */
async function stopAll(parts: Map<PartName, Part>, processes: Processes): Promise<void> {
  const stop = (name: PartName): Promise<void> | undefined => parts.get(name)?.stop();
  await Promise.all([stop('gateway'), stop('worker')]);
  await Promise.all([stop('sandbox'), stop('temporal')]);
  await processes.stopAll();
}

async function assemble(
  options: StackOptions,
  folders: Stack['folders'],
  processes: Processes,
  parts: Map<PartName, Part>,
  stop: () => Promise<void>,
): Promise<Stack> {
  const { notice = () => undefined } = options;
  await mkdir(folders.contracts, { recursive: true });
  const temporal = await findTemporal({ notice });
  const kept = await keptSettings(folders.data, options.ports ?? {});
  const temporalAddress = temporal.kind === 'running' ? temporal.address : `${LOOPBACK}:${kept.ports.temporal}`;
  const environment = await environmentOf(options, folders, kept, temporal.kind === 'running' ? null : temporalAddress);

  const spec = (name: string, extra: NodeJS.ProcessEnv = {}): ProcessSpec => ({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', join(REPOSITORY, 'dist', `${name}.js`)],
    env: { ...environment, ...extra },
    cwd: options.home,
  });
  const start = async (name: PartName, of: Omit<PartOptions, 'onLost'>): Promise<void> => {
    const onLost = (_: string, how: string): void => notice(`${name} ended (${how}): starting it again`);
    const part = new Part(processes, { ...of, onLost });
    parts.set(name, part);
    await part.start();
    notice(`${name} is up`);
  };
  const url = (port: PortName): string => `http://${LOOPBACK}:${kept.ports[port]}`;

  await Promise.all([
    start('sandbox', {
      spec: spec('sandbox', sandboxEnvironment(options, folders, kept)),
      ready: (signal) => whenHealthy(`${url('sandbox')}/healthz`, signal),
    }),
    temporal.kind === 'executable' &&
      start('temporal', {
        spec: devServerSpec({
          executable: temporal.path,
          port: kept.ports.temporal,
          ...(options.ui === true && { uiPort: kept.ports.temporalUi }),
          dbFilename: join(folders.data, 'temporal.db'),
          cwd: options.home,
        }),
        ready: (signal) => devServerReady(temporalAddress, signal),
      }),
  ]);
  const worker = async (): Promise<void> => {
    await setUp(processes, spec('setup'));
    const metrics = `${url('metrics')}/metrics`;
    await start('worker', {
      spec: spec('worker'),
      ready: (signal) => whenHealthy(metrics, signal, 'temporal_worker_start'),
    });
  };
  await Promise.all([
    worker(),
    start('gateway', { spec: spec('gateway'), ready: (signal) => whenHealthy(`${url('gateway')}/readyz`, signal) }),
  ]);

  const part = (name: PartName): Part => {
    const found = parts.get(name);
    if (found === undefined) throw new Error(`${name} is not the stack's own: it was there before.`);
    return found;
  };
  return {
    id: kept.id,
    urls: {
      gateway: url('gateway'),
      sandbox: url('sandbox'),
      metrics: url('metrics'),
      temporalUi: options.ui === true && temporal.kind === 'executable' ? url('temporalUi') : null,
    },
    temporalAddress,
    tokens: kept.tokens,
    atlasKey: kept.atlasKey,
    folders,
    pid: (name) => parts.get(name)?.pid,
    kill: (name) => part(name).kill(),
    end: (name) => part(name).stop(),
    restart: (name) => part(name).restart(),
    stop,
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

/** `ownAddress`: the address of the stack's own Temporal, or null when the person's `TEMPORAL_*` variables lead to another. */
async function environmentOf(
  options: StackOptions,
  folders: Stack['folders'],
  { id, ports, tokens, atlasKey }: KeptSettings,
  ownAddress: string | null,
): Promise<NodeJS.ProcessEnv> {
  const temporal: NodeJS.ProcessEnv = {};
  if (ownAddress === null) {
    // Nobody else's worker on that server may take these deals, nor this one theirs.
    temporal['TASK_QUEUE'] = `countersign-${id}`;
  } else {
    // An empty profile file: the person's own may name a namespace, a certificate or an API key for elsewhere.
    temporal['TEMPORAL_CONFIG_FILE'] = join(folders.data, 'temporal.toml');
    temporal['TEMPORAL_ADDRESS'] = ownAddress;
    await writeFile(temporal['TEMPORAL_CONFIG_FILE'], '[profile.default]\n');
  }
  return {
    ...cleanEnvironment(process.env, ownAddress === null),
    ...temporal,
    HOST: LOOPBACK,
    PORT: String(ports.gateway),
    PUBLIC_URL: `http://${LOOPBACK}:${ports.gateway}`,
    METRICS_PORT: String(ports.metrics),
    ATLAS_BASE_URL: `http://${LOOPBACK}:${ports.sandbox}`,
    ATLAS_API_KEY: atlasKey,
    GATEWAY_TOKENS: Object.entries(tokens)
      .map(([role, token]) => `${role}:${role}:${token}`)
      .join(','),
    DOCUMENT_TYPES: join(REPOSITORY, 'document-types.json'),
    DOCUMENT_ROOT: folders.data,
    DOCUMENT_STORE: `file:${folders.filed}`,
    ...(options.ui === true && ownAddress !== null && { TEMPORAL_UI_URL: `http://${LOOPBACK}:${ports.temporalUi}` }),
    ...options.env?.countersign,
  };
}

function sandboxEnvironment(options: StackOptions, folders: Stack['folders'], kept: KeptSettings): NodeJS.ProcessEnv {
  return {
    SANDBOX_PORT: String(kept.ports.sandbox),
    SANDBOX_BUCKET_PORT: String(kept.ports.bucket),
    SANDBOX_PUBLIC_URL: `http://${LOOPBACK}:${kept.ports.sandbox}`,
    SANDBOX_DATA: join(folders.data, 'sandbox'),
    SANDBOX_API_KEYS: kept.atlasKey,
    SANDBOX_CREDITS: '1000',
    ...options.env?.sandbox,
  };
}
