/** Records that are none, kept for people with what is wrong with them: `<folder>/dead-letters-<feed>.ndjson`. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.js';
import type { DeadLetter } from './rows.js';
import { codeOf } from './sinks/codes.js';

import { createTurns } from './sinks/turns.js';

export interface DeadLetterLimits {
  /** A file of this size becomes the one before (`.1`), whose predecessor is deleted. */
  fileBytes: number;
  /** Longer records are cut, as text. */
  rawCharacters: number;
  /** How many letters, the latest, are known again. */
  known: number;
}

const LIMITS: DeadLetterLimits = { fileBytes: 10 * 1024 * 1024, rawCharacters: 1024 * 1024, known: 10_000 };

/**
 * For the feeds: settles once the letter is in the file, and never rejects: one that cannot be kept is told in the log, without a word of it.
 * The same record for the same reason is written once as long as the process lives. Several processes may share the folder.
 */
export function createDeadLetters(
  folder: string,
  log: Log,
  limits: Partial<DeadLetterLimits> = {},
): (letter: DeadLetter) => Promise<void> {
  const { fileBytes, rawCharacters, known } = { ...LIMITS, ...limits };
  const inTurn = createTurns();
  const written = new Set<string>();

  async function write(letter: DeadLetter): Promise<void> {
    const { feed, at, why } = letter;
    const raw = textOf(letter.raw);
    const name = createHash('sha256')
      .update(JSON.stringify([feed, why, raw]))
      .digest('hex');
    if (written.has(name)) return;
    const kept =
      raw.length > rawCharacters ? JSON.stringify({ cut: raw.slice(0, rawCharacters), characters: raw.length }) : raw;
    const path = join(folder, `dead-letters-${feed}.ndjson`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const line = `${JSON.stringify({ feed, at, why }).slice(0, -1)},"raw":${kept}}\n`;
      await file.appendFile((await endsALine(file, size)) ? line : `\n${line}`);
      await file.datasync();
      if (size >= fileBytes) await rename(path, `${path}.1`);
    } finally {
      await file.close();
    }
    written.add(name);
    if (written.size > known) for (const oldest of written.keys()) if (written.delete(oldest)) break;
  }

  return (letter) =>
    inTurn(() => write(letter)).catch((error: unknown) => {
      log.warn(
        { feed: letter.feed, code: codeOf(error) },
        'a record that is none could not be kept in the dead letters',
      );
    });
}

/** A full disk or a killed process cuts lines short. */
async function endsALine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() === '\n';
}

function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null';
  } catch {
    return JSON.stringify('cannot be written as JSON');
  }
}
