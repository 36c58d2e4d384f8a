/** Keeps a folder to one process: two embedded databases on the same files would corrupt them. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CrmError } from './crm.js';

/** A process that is just going down gets this long to let go. */
const PATIENCE_MS = 5_000;

const heldHere = new Set<string>();

/**
 * Takes the lock, waiting up to 5 s for its holder to end; answers the function that gives it back. The lock of a process
 * that is gone is taken over. Throws `CrmError` (`unavailable`) that names the holder.
 */
export async function lockFolder(folder: string, patienceMs = PATIENCE_MS): Promise<() => Promise<void>> {
  const path = join(folder, 'lock');
  const mine = await holderNow(process.pid);
  const until = Date.now() + patienceMs;
  for (;;) {
    if (!heldHere.has(path) && (await take(path, mine))) {
      heldHere.add(path);
      return async () => {
        if (heldHere.delete(path)) await rm(path, { force: true });
      };
    }
    const holder = await read(path);
    if (holder !== undefined && !heldHere.has(path) && (await isGone(holder))) await remove(path, holder);
    else if (Date.now() > until) throw inUse(holder, path);
    else await pause(50);
  }
}

/** The process that has the folder, or undefined when it is free to take. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const holder = await read(join(folder, 'lock'));
  return holder === undefined || (await isGone(holder)) ? undefined : Number(holder.split(' ')[0]);
}

function inUse(holder: string | undefined, path: string): CrmError {
  return new CrmError(
    'unavailable',
    `The embedded database is in use by process ${holder?.split(' ')[0] ?? 'unknown'}. Stop that process, or set ` +
      `DATABASE_URL to a PostgreSQL that several processes can share. (If no such process runs, delete ${path}.)`,
  );
}

/** A link to a finished file: the lock appears with its content or not at all, and never over another. */
async function take(path: string, holder: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, holder);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes the lock of a holder that is gone, and no other: a rival may have replaced it in between. */
async function remove(path: string, gone: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    if ((await read(aside)) !== gone) await link(aside, path);
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isGone(holder: string): Promise<boolean> {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return !isCode(error, 'EPERM');
  }
  return (await holderNow(pid)) !== holder;
}

/** `pid start`: the start tells a process from a later one of the same number, which is common in containers. Linux only. */
async function holderNow(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22 (proc_pid_stat(5)), counted after the command's name, which may hold spaces.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${start ?? '-'}`;
  } catch {
    return `${pid} -`;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
