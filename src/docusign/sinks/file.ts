/** Rows in an NDJSON file, one line a row, on disk before they are told as delivered. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SinkError, type FeedSink } from '../rows.js';
import { codeOf } from './codes.js';
import { EventFile, type EventFileLimits } from './event-file.js';
import type { Log } from '../log.js';
import { createTurns } from './turns.js';
import { isThere } from './turned-over.js';

/** What a change of the machine must mend: rights, a read-only disk, a path that leads nowhere. */
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'EINVAL']);

/**
 * The file belongs to this process from the first delivery until it is closed. After a failed write it is opened anew, which cuts off what
 * is torn and looks which rows are in it.
 */
export function createFileSink(path: string, log: Log, limits: Partial<EventFileLimits> = {}): FeedSink {
  const inTurn = createTurns();
  let file: EventFile | undefined;
  let closed = false;

  async function letGo(): Promise<void> {
    const held = file;
    file = undefined;
    await held?.close();
  }

  return {
    deliver: (feed, entries) =>
      inTurn(async () => {
        if (closed) throw new SinkError('unavailable', 'The file of DOCUSIGN_SINK is closed.');
        if (entries.length === 0) return { written: 0, repeated: 0 };
        try {
          file ??= await EventFile.open(path, log, limits);
          return await file.append(feed, entries);
        } catch (error) {
          await letGo().catch(() => undefined);
          throw fileError(error);
        }
      }),

    /** Makes nothing, and minds no other process that has the file: a doctor may look while a worker runs. */
    async check() {
      try {
        const mode = constants.R_OK | constants.W_OK;
        if (await isThere(path)) await access(path, mode);
        let folder = dirname(path);
        while (!(await isThere(folder)) && folder !== dirname(folder)) folder = dirname(folder);
        await access(folder, mode);
      } catch (error) {
        throw fileError(error);
      }
    },

    close: () =>
      inTurn(async () => {
        closed = true;
        await letGo();
      }),
  };
}

function fileError(error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const code = codeOf(error);
  return new SinkError(
    REFUSED.has(code) ? 'refused' : 'unavailable',
    `Nothing can be written to the file of DOCUSIGN_SINK (${code}): check its folder, its permissions and its disk.`,
  );
}
