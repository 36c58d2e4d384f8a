/**
 * What a bulk action has done so far, as JSON lines: first the deals that were found, then a line a result, each on disk before the next
 * deal is acted on. Deals are named by their ids, which say nothing personal; words of people are left out.
 */
import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';

const headSchema = z.object({
  journal: z.uuid(),
  /** Of what command: see `identityOf`. */
  of: z.string(),
  action: z.string(),
  query: z.string(),
  at: z.string(),
  deals: z.array(z.string()),
});
export type JournalHead = z.output<typeof headSchema>;

const RESULTS = ['taken', 'repeat', 'queued', 'refused', 'failed'] as const;
const resultSchema = z.object({
  deal: z.string(),
  at: z.string(),
  result: z.enum(RESULTS),
  /** The kind of problem of what was refused or failed. */
  kind: z.string().optional(),
});
export type JournalResult = z.output<typeof resultSchema>;

export interface Journal {
  head: JournalHead;
  /** The latest result of each deal. */
  results: ReadonlyMap<string, JournalResult>;
}

/** The last run of the journal; null when there is none yet. Throws when the file is another one. */
export async function readJournal(path: string): Promise<Journal | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new Error(`${path} cannot be read (${error.code ?? 'unreadable'})`, { cause: error });
  });
  let head: JournalHead | undefined;
  let results = new Map<string, JournalResult>();
  // What was being written when the process was killed lacks its end, and does not count.
  for (const line of text.split('\n').slice(0, -1)) {
    const value = read(line);
    const begun = headSchema.safeParse(value);
    const told = resultSchema.safeParse(value);
    if (begun.success) [head, results] = [begun.data, new Map<string, JournalResult>()];
    else if (told.success && head) results.set(told.data.deal, told.data);
    else throw new Error(`${path} is no journal of a bulk action: name another file with --journal`);
  }
  return head ? { head, results } : null;
}

function read(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export interface JournalFile {
  /** Settles once the line is on disk. */
  write: (line: JournalHead | JournalResult) => Promise<void>;
  close: () => Promise<void>;
}

/** For adding lines; an unfinished last one is cut off. The file is made when missing, for its owner only. */
export async function openJournal(path: string): Promise<JournalFile> {
  const file = await open(path, 'a+', 0o600);
  const text = await file.readFile('utf8');
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) await file.truncate(Buffer.byteLength(text.slice(0, whole)));
  return {
    async write(line) {
      await file.appendFile(`${JSON.stringify(line)}\n`);
      await file.datasync();
    },
    close: () => file.close(),
  };
}
