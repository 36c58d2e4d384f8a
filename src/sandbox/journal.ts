import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** One change: the table, and the record as it is from now on. */
export type Put = readonly [table: string, record: { id: string }];

const lineSchema = z.array(z.tuple([z.string(), z.looseObject({ id: z.string() })]));

/**
 * An append-only file of changes, one line per request. A line is written whole, with every record that the request changed, before the request is
 * answered: a process killed at any moment leaves a file that ends after a whole request, or with a torn line that is ignored.
 */
export class Journal {
  private readonly file: string;
  private fd: number | null = null;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'journal.ndjson');
  }

  /** All changes so far, oldest first. A line that does not parse is an error unless it is the last one. */
  read(): Put[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    // Every whole line ends in a newline, so what follows the last newline is empty or torn.
    lines.pop();
    return lines.flatMap((line, index) => {
      try {
        return lineSchema.parse(JSON.parse(line));
      } catch {
        throw new Error(`${this.file} is damaged at line ${index + 1}: move it away to start afresh`);
      }
    });
  }

  /** Replaces the file by the given records, one a line, and opens it for appending. */
  restart(records: Iterable<Put>): void {
    const next = `${this.file}.next`;
    const fd = openSync(next, 'w');
    for (const put of records) writeAll(fd, `${JSON.stringify([put])}\n`);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(next, this.file);
    this.fd = openSync(this.file, 'a');
  }

  append(puts: Put[]): void {
    if (this.fd === null) throw new Error('the journal is not open');
    writeAll(this.fd, `${JSON.stringify(puts)}\n`);
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}
