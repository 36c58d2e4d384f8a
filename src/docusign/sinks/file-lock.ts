/** Keeps a file to one process: two that cut and turn it over would lose each other's rows. */
import { InUse, takeLock } from '../../files/lock.js';
import { SinkError } from '../rows.js';

/** Takes the lock, or throws `SinkError` (`unavailable`) that names its holder; answers the function that gives it back. */
export async function lockFile(path: string, patienceMs: number): Promise<() => Promise<void>> {
  try {
    return await takeLock(path, patienceMs);
  } catch (error) {
    throw error instanceof InUse ? inUse(error) : error;
  }
}

function inUse({ holder }: InUse): SinkError {
  return new SinkError(
    'unavailable',
    `The file of DOCUSIGN_SINK is in use by process ${holder ?? 'unknown'}: stop that one, or give each worker a ` +
      `file of its own, or set DOCUSIGN_SINK=postgres. (If no such process runs, delete the file that ends in .lock beside it.)`,
  );
}
