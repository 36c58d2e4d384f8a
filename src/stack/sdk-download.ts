import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerKind } from './temporal-server-kinds.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/sdk-download.mjs', import.meta.url));
const PARTIAL = '.downloading';
const FAILURE_KEPT_MS = 3600_000;

/** The file that an earlier download of the SDK's left in the cache, or null. */
export async function sdkExecutable(server: ServerKind, cache: string): Promise<string | null> {
  const names = await readdir(join(cache, 'sdk')).catch(() => []);
  const found = names.filter((name) => name.startsWith(server.sdkPrefix) && !name.endsWith(PARTIAL)).sort();
  const newest = found.at(-1);
  return newest === undefined ? null : join(cache, 'sdk', newest);
}

/**
 * Lets the SDK download the server, and answers its path. Without internet this fails at once, or after `stallMs` without
 * progress; the failure is remembered for an hour, so that a test run pays for it once. Throws an Error that says why.
 */
export async function downloadBySdk(
  server: ServerKind,
  { env, cache, stallMs = 15_000 }: { env: NodeJS.ProcessEnv; cache: string; stallMs?: number },
): Promise<string> {
  const folder = join(cache, 'sdk');
  const failure = join(folder, `${server.executable}.failed`);
  await mkdir(folder, { recursive: true });
  const before = await recentFailure(failure);
  if (before !== null) throw new Error(`${before} (tried less than an hour ago)`);
  try {
    await fetchInto(server, folder, env, stallMs);
  } catch (error) {
    await writeFile(failure, error instanceof Error ? error.message : String(error));
    throw error;
  }
  const path = await sdkExecutable(server, cache);
  if (path === null) throw new Error('the download ended without a file');
  return path;
}

async function recentFailure(file: string): Promise<string | null> {
  try {
    const { mtimeMs } = await stat(file);
    return Date.now() - mtimeMs < FAILURE_KEPT_MS ? await readFile(file, 'utf8') : null;
  } catch {
    return null;
  }
}

function fetchInto(server: ServerKind, folder: string, env: NodeJS.ProcessEnv, stallMs: number): Promise<void> {
  const kind = server.executable === 'temporal' ? 'dev' : 'time-skipping';
  const child = spawn(process.execPath, [SCRIPT, kind, folder], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));

  return new Promise((resolve, reject) => {
    const watch = endWhenStalled(folder, server, stallMs, () => {
      child.kill('SIGKILL');
      reject(new Error(`temporal.download gave nothing for ${stallMs / 1000} s`));
    });
    child.once('error', (error) => reject(error));
    child.once('close', (code) => {
      clearInterval(watch);
      if (code === 0) resolve();
      else reject(new Error(said.trim().split('\n').at(-1) || 'the download stopped'));
    });
  });
}

/** Calls `stalled` once the partial file has not grown for `stallMs`; a slow line may take its time. */
function endWhenStalled(folder: string, server: ServerKind, stallMs: number, stalled: () => void): NodeJS.Timeout {
  let size = 0;
  let grewAt = Date.now();
  const look = async (): Promise<void> => {
    const now = await partialSize(folder, server);
    if (now !== size) {
      size = now;
      grewAt = Date.now();
    } else if (Date.now() - grewAt > stallMs) {
      stalled();
    }
  };
  return setInterval(() => void look(), Math.min(500, stallMs));
}

async function partialSize(folder: string, server: ServerKind): Promise<number> {
  const partial = (await readdir(folder)).find((name) => name.startsWith(server.sdkPrefix) && name.endsWith(PARTIAL));
  return partial === undefined
    ? 0
    : await stat(join(folder, partial)).then(
        ({ size }) => size,
        () => 0,
      );
}
