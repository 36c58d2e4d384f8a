/** A Temporal cluster as it is run in earnest: each service its own processes, on PostgreSQL. */
import { Connection } from '@temporalio/client';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InUse, takeLock } from '../src/files/lock.js';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { unlessAborted } from '../src/stack/ending.js';
import { Part } from '../src/stack/part.js';
import { isFree } from '../src/stack/ports.js';
import { Processes } from '../src/stack/processes.js';
import { REPOSITORY } from '../src/stack/repository.js';
import { ensureNamespace, ensureSearchAttributes } from '../src/temporal/search-attributes.js';
import { configurationOf, connectionsOf, LOOPBACK, nameOf, portOf, servicesOf, type Places } from './configuration.js';
import { memberOf } from './member.js';
import { places as placesIn } from './places.js';
import { Postgres, usablePostgres } from './postgres.js';
import { prepareDatabases } from './schema.js';
import { temporalBuild } from './temporal-build.js';

export type TemporalService = 'frontend' | 'history' | 'matching' | 'worker';

export interface ClusterOptions {
  /** Holds configuration, logs and PostgreSQL's data; made when it is not there. A later start on the same folder goes on where it was. */
  folder: string;
  /** Default `default`. */
  namespace?: string;
  /** Processes of each service; default 2. */
  each?: number;
  /** History shards; default: those of the folder, or 4. Fixed for the life of the folder. */
  shards?: number;
  /** Told of each step. */
  say?: (line: string) => void;
  /** Aborting it ends a start that is under way; the start rejects with its reason. */
  signal?: AbortSignal;
}

export interface Cluster {
  /** The frontends' gRPC addresses. A client of one of them is lost with it. */
  frontends: string[];
  /** Passes each connection on to a frontend that is up: what a load balancer is elsewhere. */
  address: string;
  namespace: string;
  /** Where each process writes its log. */
  logs: string;
  postgres: {
    /** Superuser's URL of one of its databases. */
    url(database: string): string;
    /** Ends PostgreSQL as a crash would (immediate mode) and starts it again; settles once it answers. */
    restart(): Promise<void>;
    pid(): number;
  };
  services: ServiceProcess[];
  /** Ends everything; safe to call twice. */
  stop(): Promise<void>;
}

/** Nothing of it comes back by itself. */
export interface ServiceProcess {
  service: TemporalService;
  /** Of its service, from 0. */
  index: number;
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** SIGKILL. */
  kill(): void;
  /** Starts it again and settles once it serves; nothing happens when it runs. */
  start(): Promise<void>;
}

const USUAL = { each: 2, shards: 4, namespace: 'default' };
const DYNAMIC_CONFIG = join(REPOSITORY, 'deploy', 'temporal', 'dynamic-config.yaml');
const LETTING_GO_MS = 15_000;
/** A history process hands its shards over before it ends. */
const GRACE_MS = 15_000;

/**
 * Starts the cluster, building Temporal first where no build is cached. Settles once its namespace can be used through every frontend; on failure
 * nothing is left running. Throws `Missing` where Go or PostgreSQL is not installed, and an Error when another process uses the folder.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = resolve(options.folder);
  const binaries = await usablePostgres();
  await mkdir(folder, { recursive: true });
  const release = await lock(folder);
  const processes = new Processes(join(folder, 'logs'), GRACE_MS);
  const stops: (() => Promise<unknown>)[] = [release, () => processes.stopAll()];
  let stopped: Promise<void> | undefined;
  /** What was started last ends first: PostgreSQL after those that write to it. */
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      while (stops.length > 0) await stops.pop()?.();
    })());
  const starting = assemble({ ...options, folder }, binaries, processes, stops);
  try {
    return { ...(await (options.signal ? unlessAborted(starting, options.signal) : starting)), stop };
  } catch (error) {
    await stop();
    await starting.catch(() => undefined);
    throw error;
  }
}

async function assemble(
  { folder, namespace = USUAL.namespace, each = USUAL.each, shards, say = () => undefined, signal }: ClusterOptions,
  binaries: string,
  processes: Processes,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<Cluster, 'stop'>> {
  const build = await temporalBuild({ processes, say, ...(signal && { signal }) });
  const members = servicesOf(each);
  const places = await placesIn(folder, each, shards, USUAL.shards);
  const port = (name: string): number => portOf(places, name);

  say('Starting PostgreSQL');
  const connections = connectionsOf(members);
  const postgres = await Postgres.start({ binaries, folder, port: port('postgres'), connections, processes });
  stops.push(() => postgres.stop());
  say("Bringing Temporal's tables to the server's version");
  await prepareDatabases(build, postgres.url('postgres'), port('postgres'));

  say(`Starting ${members.map(nameOf).join(', ')}`);
  const configurations = await writeConfigurations(folder, each, places);
  const services = members.map((member) =>
    memberOf(member, {
      executable: build.server,
      configuration: configurations(nameOf(member)),
      places,
      processes,
      folder,
    }),
  );
  stops.push(() => Promise.all(services.map((service) => service.stop())));
  const frontendPorts = members
    .filter(({ service }) => service === 'frontend')
    .map((member) => port(`${nameOf(member)}.grpc`));
  const passThrough = passThroughTo(frontendPorts, port('address'), folder, processes);
  stops.push(() => passThrough.stop());
  await Promise.all([...services.map((service) => service.start()), passThrough.start()]);

  const frontends = frontendPorts.map((frontend) => `${LOOPBACK}:${frontend}`);
  say(`Preparing the namespace ${namespace}`);
  await prepareNamespace(frontends, namespace);
  return {
    frontends,
    address: `${LOOPBACK}:${port('address')}`,
    namespace,
    logs: join(folder, 'logs'),
    postgres: {
      url: (database) => postgres.url(database),
      restart: () => postgres.restart(),
      pid: () => postgres.pid(),
    },
    services,
  };
}

async function lock(folder: string): Promise<() => Promise<void>> {
  try {
    return await takeLock(join(folder, 'cluster.lock'), LETTING_GO_MS);
  } catch (error) {
    if (!(error instanceof InUse)) throw error;
    throw new Error(
      `Process ${error.holder ?? 'unknown'} runs a cluster in ${folder}: stop it, or choose another folder.`,
      { cause: error },
    );
  }
}

/** Answers the path of a process's file, by its name. */
async function writeConfigurations(folder: string, each: number, places: Places): Promise<(name: string) => string> {
  const path = (name: string): string => join(folder, 'config', `${name}.yaml`);
  await mkdir(join(folder, 'config'), { recursive: true });
  for (const member of servicesOf(each)) {
    await writeFile(path(nameOf(member)), configurationOf(member, places, DYNAMIC_CONFIG));
  }
  return path;
}

function passThroughTo(targets: readonly number[], port: number, folder: string, processes: Processes): Part {
  const script = join(REPOSITORY, 'cluster', 'pass-through.mjs');
  return new Part(processes, {
    spec: {
      name: 'pass-through',
      command: process.execPath,
      args: [script, String(port), ...targets.map(String)],
      env: cleanEnvironment(process.env, false),
      cwd: folder,
    },
    ready: (signal) => listening(port, signal),
  });
}

/** As `npm run setup` does, and then asks every frontend: each hears of what is new by itself, within seconds. */
async function prepareNamespace(frontends: readonly string[], namespace: string): Promise<void> {
  for (const address of frontends) {
    const connection = Connection.lazy({ address });
    try {
      await ensureNamespace(connection, namespace);
      await ensureSearchAttributes(connection, namespace);
    } finally {
      await connection.close();
    }
  }
}

async function listening(port: number, signal: AbortSignal): Promise<void> {
  while (await isFree(port)) {
    signal.throwIfAborted();
    await pause(50);
  }
}
