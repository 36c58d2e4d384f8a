/**
 * Every call to DocuSign as one line of `calls.ndjson`, for judging whether an integration key is ready for production: DocuSign shows the
 * calls of a key only on a page for people. Nothing personal: addresses without ids, envelopes as short hashes.
 */
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const entry = z.object({
  /** When the call began; ISO 8601, UTC. */
  at: z.iso.datetime(),
  /** Fingerprint of the integration key. */
  key: z.string(),
  environment: z.enum(['developer', 'production']),
  api: z.enum(['oauth', 'userinfo', 'esignature', 'monitor', 'admin']),
  method: z.string(),
  route: z.string(),
  /** Short hashes: of the envelope, and of the resource of it that was asked for; null for everything else. */
  envelope: z.string().nullable(),
  resource: z.string().nullable(),
  /** Null when no whole answer came. */
  status: z.int().nullable(),
  code: z.string().nullable(),
  ms: z.number(),
});
export type CallEntry = z.infer<typeof entry>;

export interface CallLog {
  /** Answers once the line is in the file. Never rejects: a log that cannot be written stops no call. */
  append(entry: CallEntry): Promise<void>;
}

const NAME = 'calls.ndjson';
const OLDER = 'calls.1.ndjson';
const ROTATING = 'calls.rotating';
const MAX_BYTES = 5 * 1024 * 1024;
/** A process that died while it turned the files over holds up the others for this long. */
const STALE_MS = 60_000;

/**
 * The log in `folder`, which is made when it is missing. Several processes may write it. `maxBytes`: a file of that size is turned over,
 * and the one before it forgotten. `onTrouble` hears, once, with the system's code, that lines cannot be written.
 */
export function openCallLog(
  folder: string,
  { maxBytes = MAX_BYTES, onTrouble }: { maxBytes?: number; onTrouble?: (code: string) => void } = {},
): CallLog {
  let turn = Promise.resolve();
  let troubled = false;
  const append = async (line: string): Promise<void> => {
    try {
      await appendLine(folder, line, maxBytes);
      troubled = false;
    } catch (error) {
      if (!troubled) onTrouble?.(codeOf(error));
      troubled = true;
    }
  };
  return {
    append(one) {
      turn = turn.then(() => append(`${JSON.stringify(one)}\n`));
      return turn;
    },
  };
}

/** All lines, oldest first; those that cannot be read are skipped and counted. */
export async function readCallLog(folder: string): Promise<{ entries: CallEntry[]; skipped: number }> {
  const texts = await Promise.all([OLDER, NAME].map((name) => readOrNothing(join(folder, name))));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '');
  const entries = lines.flatMap((line) => readLine(line) ?? []);
  // Processes write when a call has ended, so lines may stand out of order.
  entries.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return { entries, skipped: lines.length - entries.length };
}

async function appendLine(folder: string, line: string, maxBytes: number): Promise<void> {
  const file = await openToAppend(folder);
  let size: number;
  try {
    // One write to a file opened for appending stays in one piece beside those of other processes.
    await file.write(line);
    size = (await file.stat()).size;
  } finally {
    await file.close();
  }
  if (size >= maxBytes) await turnOver(folder, maxBytes);
}

async function openToAppend(folder: string): Promise<FileHandle> {
  const path = join(folder, NAME);
  try {
    return await open(path, 'a', 0o600);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return open(path, 'a', 0o600);
  }
}

/** One process does it, and looks again first: a second one would move the new file over the old one. */
async function turnOver(folder: string, maxBytes: number): Promise<void> {
  const mark = join(folder, ROTATING);
  const path = join(folder, NAME);
  if (!(await take(mark))) return;
  try {
    if ((await stat(path)).size >= maxBytes) await rename(path, join(folder, OLDER));
  } finally {
    await rm(mark, { force: true });
  }
}

async function take(mark: string): Promise<boolean> {
  try {
    await (await open(mark, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)).close();
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const age =
      Date.now() -
      (await stat(mark)
        .catch(() => null)
        .then((found) => found?.mtimeMs ?? Date.now()));
    if (age > STALE_MS) await rm(mark, { force: true });
    return false;
  }
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function readLine(line: string): CallEntry | undefined {
  try {
    return entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
