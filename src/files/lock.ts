/** Keeps what lies at a path to one process. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Somebody else has it. */
export class InUse extends Error {
  override readonly name = 'InUse';

  /** `holder`: number of the process that has it, where the lock tells. */
  constructor(
    readonly path: string,
    readonly holder: number | undefined,
  ) {
    super(`process ${holder ?? 'unknown'} holds the lock`);
  }
}

const heldHere = new Set<string>();

/**
 * Takes the lock at `path`, a file, waiting up to `patienceMs` for its holder to end; answers the function that gives it back. The lock of a
 * process that is gone is taken over. Throws `InUse`, and as the file system does.
 */
export async function takeLock(path: string, patienceMs: number): Promise<() => Promise<void>> {
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
    else if (Date.now() >= until) throw new InUse(path, holder === undefined ? undefined : pidOf(holder));
    else await pause(50);
  }
}

/** The process that has the lock, or undefined when it is free to take. */
export async function holderOf(path: string): Promise<number | undefined> {
  const holder = await read(path);
  return holder === undefined || (await isGone(holder)) ? undefined : pidOf(holder);
}

/** A link to a finished file: the lock appears with its content or not at all, and never over another. */
async function take(path: string, holder: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, holder, { mode: 0o600 });
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

function pidOf(holder: string): number {
  return Number(holder.split(' ')[0]);
}

async function isGone(holder: string): Promise<boolean> {
  const pid = pidOf(holder);
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return !isCode(error, 'EPERM');
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

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
