/** The file of a sink and those that it was turned over to when it was full: `<path>.20240630T070806123Z`. None is ever deleted. */
import { readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from './codes.js';

const STAMP = /^\.\d{8}T\d{9}Z$/;

/** Oldest first, without the file itself; none where the folder is not there yet. */
export async function turnedOver(path: string): Promise<string[]> {
  const [folder, name] = [dirname(path), basename(path)];
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const old = names.filter((other) => other.startsWith(name) && STAMP.test(other.slice(name.length)));
  return old.sort().map((other) => join(folder, other));
}

/** Names the file for the present time. Only for who holds its lock. */
export async function turnOver(path: string): Promise<void> {
  for (;;) {
    const target = `${path}.${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;
    if (!(await isThere(target))) return rename(path, target);
    await pause(1);
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}
