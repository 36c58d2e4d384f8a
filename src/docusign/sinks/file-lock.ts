/** Keeps a file to one process: two that cut and turn it over would lose each other's rows. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { SinkError } from '../rows.js';
import { codeOf } from './codes.js';

const heldHere = new Set<string>();

/**
 * Takes the lock, waiting up to `patienceMs` for its holder to end; answers the function that gives it back. The lock of a process that is
 * gone is taken over. Throws `SinkError` (`unavailable`) that names the holder, and as the file system does.
 */
export async function lockFile(path: string, patienceMs: number): Promise<() => Promise<void>> {
  const mine = await processNow(process.pid);
  for (const until = Date.now() + patienceMs; ;) {
    if (!heldHere.has(path) && (await take(path, mine))) {
      heldHere.add(path);
      return async () => {
        if (heldHere.delete(path)) await rm(path, { force: true });
      };
    }
    const holder = await read(path);
    if (holder !== undefined && !heldHere.has(path) && (await isGone(holder))) await remove(path, holder);
    else if (Date.now() >= until) throw inUse(holder);
    else await pause(50);
  }
}

function inUse(holder: string | undefined): SinkError {
  return new SinkError(
    'unavailable',
    `The file of DOCUSIGN_SINK is in use by process ${holder?.split(' ')[0] ?? 'unknown'}: stop that one, or give each worker a ` +
      `file of its own, or set DOCUSIGN_SINK=postgres. (If no such process runs, delete the file that ends in .lock beside it.)`,
  );
}

/** A link to a finished file: the lock appears with its content or not at all, and never over another. */
async function take(path: string, holder: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, holder, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
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
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isGone(holder: string): Promise<boolean> {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'EPERM';
  }
  return (await processNow(pid)) !== holder;
}

/** `pid start`: the start tells a process from a later one of the same number, which is common in containers. Linux only. */
async function processNow(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22 (proc_pid_stat(5)), counted after the command's name, which may hold spaces.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${start ?? '-'}`;
  } catch {
    return `${pid} -`;
  }
}
