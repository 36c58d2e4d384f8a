/** A process with a file sink of its own, to be killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where it ends itself, in its third delivery: before it writes, in the middle of a line, once all is written, once that is told as delivered. */
export const STRIKES = ['before', 'midway', 'written', 'delivered'] as const;
export type Strike = (typeof STRIKES)[number] | 'never';

/** Delivers from batch `first` on, without end, and says what came of each. */
const PROGRAM = `
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createFileSink } from '${new URL('../../dist/docusign/sinks/file.js', import.meta.url).href}';
const [path, first, rows, fileBytes, strike] = process.argv.slice(2);
const tell = (what) => process.stdout.write(JSON.stringify(what) + '\\n');
const end = () => process.kill(process.pid, 'SIGKILL');
const log = { info() {}, warn() {} };
const sink = createFileSink(path, log, { patienceMs: 0, fileBytes: Number(fileBytes) });
const entryOf = (batch, index) => ({
  key: batch + '-' + index,
  row: { _time: '2024-06-30T07:08:06Z', source_log_type: 'customerevent', vendor: 'docusign', product: 'docusign', text: 'x'.repeat(400) },
});
let armed = false;
const handle = await open(process.execPath, 'r');
const handles = Object.getPrototypeOf(handle);
const { appendFile } = handles;
handles.appendFile = async function (data, ...rest) {
  if (armed && strike === 'before') end();
  if (armed && strike === 'midway') {
    const bytes = Buffer.from(data);
    writeSync(this.fd, bytes, 0, Math.floor(bytes.length / 2) + 7);
    end();
  }
  const done = await appendFile.call(this, data, ...rest);
  if (armed && strike === 'written') end();
  return done;
};
await handle.close();
try {
  for (let batch = Number(first); ; batch += 1) {
    const entries = Array.from({ length: Number(rows) }, (_, index) => entryOf(batch, index));
    armed = batch === Number(first) + 2;
    const counts = await sink.deliver('customer-events', entries);
    if (armed && strike === 'delivered') end();
    tell({ batch, ...counts });
  }
} catch (error) {
  tell({ refused: error.message });
}
`;

export interface SinkProgram {
  entry: string;
  remove(): void;
}

/** Writes the program into a folder of its own; the sink is that of `dist/`, like every process of the tests. */
export function aSinkProgram(): SinkProgram {
  const out = mkdtempSync(join(tmpdir(), 'countersign-sink-process-'));
  const entry = join(out, 'deliver.mjs');
  writeFileSync(entry, PROGRAM);
  return { entry, remove: () => rmSync(out, { recursive: true, force: true }) };
}

export type Told = { batch: number; written: number; repeated: number } | { refused: string };

export interface SinkRun {
  path: string;
  first: number;
  rows: number;
  fileBytes: number;
  strike: Strike;
}

/** Starts it and hands each line to `hear`, until it has ended itself or is killed (SIGKILL) because that answers true. */
export async function deliverUntil(
  program: SinkProgram,
  { path, first, rows, fileBytes, strike }: SinkRun,
  hear: (told: Told) => boolean | Promise<boolean>,
): Promise<void> {
  const words = [path, String(first), String(rows), String(fileBytes), strike];
  const child = spawn(process.execPath, [program.entry, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (await hear(JSON.parse(line) as Told)) break;
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
