/** A throw-away S3: moto, which speaks its protocol, installed once from PyPI into the cache folder, each package checked against a pinned sha256. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/stack/cache-folder.js';

const run = promisify(execFile);
const REQUIREMENTS = fileURLToPath(new URL('moto-requirements.txt', import.meta.url));
const INSTALL_MS = 5 * 60_000;

/**
 * One request at a time, since moto looks and writes in two steps; on a port that the system gives. It ends with its input, so it does not
 * outlive a test that is killed.
 */
const SERVER = `
import os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app))
print(server.port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
`;

export interface ThrowAwayS3 {
  endpoint: string;
  /** Credentials that it takes, and no others from this machine; for `process.env`. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Why there can be no S3 on this machine; undefined when there can. The first call installs it, which takes some seconds. */
export async function s3AtHand(): Promise<string | undefined> {
  try {
    await installed();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Empty: make your buckets by `aBucket`. */
export async function anS3(): Promise<ThrowAwayS3> {
  const { python, packages } = await installed();
  const server = spawn(python, ['-c', SERVER], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`moto ended with ${String(code)} at its start`);
  });
  ended.catch(() => undefined);
  const [port] = (await Promise.race([once(createInterface(server.stdout), 'line'), ended])) as [string];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    env: {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    async stop() {
      if (server.exitCode === null && server.kill()) await once(server, 'exit');
    },
  };
}

/** Makes the bucket, which must be new. */
export async function aBucket({ endpoint }: ThrowAwayS3, name: string): Promise<void> {
  // moto asks for no signature.
  const { status } = await fetch(`${endpoint}/${name}`, { method: 'PUT' });
  if (status !== 200) throw new Error(`moto answered ${status} to a new bucket`);
}

interface Installed {
  python: string;
  packages: string;
}

let installing: Promise<Installed> | undefined;

function installed(): Promise<Installed> {
  return (installing ??= install());
}

/** Two test files may do so at once: each works in a folder of its own and the last step is a rename. */
async function install(): Promise<Installed> {
  const { python, version } = await findPython();
  const cache = cacheFolder();
  const digest = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const packages = join(cache, `moto-${version}-${digest.slice(0, 12)}`);
  if (existsSync(packages)) return { python, packages };
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.moto-'));
  try {
    const wanted = ['--require-hashes', '--only-binary=:all:', '--requirement', REQUIREMENTS];
    const manner = ['--quiet', '--retries', '1', '--no-input', '--disable-pip-version-check'];
    await run(python, ['-m', 'pip', 'install', ...manner, ...wanted, '--target', work], { timeout: INSTALL_MS });
    await rename(work, packages);
  } catch (error) {
    // Another one was faster.
    if (!existsSync(packages)) throw new Error(`pip could not install moto: ${lastWords(error)}`, { cause: error });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { python, packages };
}

async function findPython(): Promise<{ python: string; version: string }> {
  for (const python of ['python3', 'python']) {
    try {
      const { stdout } = await run(python, ['-m', 'pip', '--version']);
      const version = /\(python (\d+\.\d+)\)/.exec(stdout)?.[1];
      if (version !== undefined) return { python, version };
    } catch {
      // The next one, or none.
    }
  }
  throw new Error('neither python3 nor python with pip is on PATH');
}

function lastWords(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1) || String(error);
}
