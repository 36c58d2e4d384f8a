/** Keeps a folder to one process: two embedded databases on the same files would corrupt them. */
import { join } from 'node:path';
import { holderOf as holderOfLock, InUse, takeLock } from '../files/lock.js';
import { CrmError } from './crm.js';

/** A process that is just going down gets this long to let go. */
const PATIENCE_MS = 5_000;

const lockIn = (folder: string): string => join(folder, 'lock');

/** Takes the lock, or throws `CrmError` (`unavailable`) that names its holder; answers the function that gives it back. */
export async function lockFolder(folder: string, patienceMs = PATIENCE_MS): Promise<() => Promise<void>> {
  try {
    return await takeLock(lockIn(folder), patienceMs);
  } catch (error) {
    throw error instanceof InUse ? inUse(error) : error;
  }
}

/** The process that has the folder, or undefined when it is free to take. */
export const holderOf = (folder: string): Promise<number | undefined> => holderOfLock(lockIn(folder));

function inUse({ holder, path }: InUse): CrmError {
  return new CrmError(
    'unavailable',
    `The embedded database is in use by process ${holder ?? 'unknown'}. Stop that process, or set ` +
      `DATABASE_URL to a PostgreSQL that several processes can share. (If no such process runs, delete ${path}.)`,
  );
}
