/** A file that others read at any time, changed as a whole or not at all. */
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The file cannot be changed from here; the message says why, in a word of the system's where it is one. */
export class NotWritable extends Error {
  override readonly name = 'NotWritable';
}

const STALE_MS = 30_000;
const PATIENCE_MS = 5_000;

/**
 * Writes what `change` makes of the text at `path`; null leaves it as it is. `check` sees the new text in a file beside it before anybody else does.
 * Two of these wait for each other; whoever else has written meanwhile is not overwritten. Throws `NotWritable`, and what `change` and `check`
 * throw; then the file is as it was.
 */
export async function replaceFile(
  path: string,
  change: (text: string) => string | null,
  check: (temporaryPath: string) => void | Promise<void>,
): Promise<void> {
  const target = await realpath(path);
  // What Kubernetes mounts from a ConfigMap is put in place by it, as a link to a folder of this name.
  if (target.includes('/..')) throw new NotWritable('it is mounted from a ConfigMap');
  const unlock = await lock(`${target}.lock`);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const text = await readFile(target, 'utf8');
    const changed = change(text);
    if (changed === null) return;
    const { mode } = await stat(target);
    const file = await open(temporary, 'w', mode & 0o777).catch(notWritable);
    try {
      await file.writeFile(changed);
      await file.chmod(mode & 0o777);
      await file.sync();
    } finally {
      await file.close();
    }
    await check(temporary);
    if ((await readFile(target, 'utf8')) !== text)
      throw new NotWritable('somebody else has changed it in this moment: look at it and repeat');
    await rename(temporary, target).catch(notWritable);
    await syncFolder(dirname(target));
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
    await unlock();
  }
}

/** Held for milliseconds; one that is older was left by a process that died. */
async function lock(path: string): Promise<() => Promise<void>> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') notWritable(error);
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_MS) await rm(path, { force: true });
    else if (Date.now() > end) throw new NotWritable('it is being changed by somebody else: repeat in a moment');
    else await pause(50);
  }
}

/** Without it a crash of the machine could bring the old name back. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch {
    // Some file systems know no such thing.
  } finally {
    await handle.close();
  }
}

/** What a read-only mount, missing rights and a file that is a mount of its own answer. */
const REFUSALS = ['EROFS', 'EACCES', 'EPERM', 'EBUSY', 'EXDEV'];

function notWritable(error: unknown): never {
  const code = codeOf(error);
  if (code !== undefined && REFUSALS.includes(code)) throw new NotWritable(`it cannot be written from here (${code})`);
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
