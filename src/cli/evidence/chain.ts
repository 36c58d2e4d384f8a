/**
 * Lines of JSON that hold each other: every line ends with the SHA-256 of its own text before that, which names the hash of the line above.
 * Nothing can be changed, taken out or put in between without breaking the chain from there on; that the end is missing shows by the
 * last line, `end`, and by its hash where somebody has noted it down.
 */
import { createHash } from 'node:crypto';

export interface Entry {
  kind: string;
  [fact: string]: unknown;
}

/** What the first line names as the one above it. */
const START = '0'.repeat(64);
const TAIL = /,"hash":"([0-9a-f]{64})"\}$/;

export interface Chain {
  text: string;
  /** Hash of the last line: whoever keeps it elsewhere can tell that nothing is missing. */
  head: string;
}

/** The entries as a chain, with the closing line that counts them. */
export function chain(entries: readonly Entry[]): Chain {
  const all: Entry[] = [...entries, { kind: 'end', entries: entries.length }];
  let previous = START;
  const lines = all.map((entry, index) => {
    const body = JSON.stringify({ n: index + 1, ...entry, previous });
    previous = sha256(body);
    return `${body.slice(0, -1)},"hash":"${previous}"}`;
  });
  return { text: `${lines.join('\n')}\n`, head: previous };
}

export type Verdict = { ok: true; entries: Entry[]; head: string } | { ok: false; line: number; broken: string };

/** Follows the chain to its end, or to the first link that is broken. */
export function follow(text: string): Verdict {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const entries: Entry[] = [];
  let previous = START;
  for (const [index, line] of lines.entries()) {
    const broken = (what: string): Verdict => ({ ok: false, line: index + 1, broken: what });
    const hash = TAIL.exec(line)?.[1];
    const entry = parse(line);
    if (hash === undefined || !entry) return broken('it is not a line of evidence');
    if (sha256(line.replace(TAIL, '}')) !== hash) return broken(`its text was changed (it says it is "${entry.kind}")`);
    if (entry.previous !== previous) return broken('the line above it is missing, or another one was put in its place');
    if (entry.n !== index + 1) return broken(`it is number ${String(entry.n)}`);
    previous = hash;
    entries.push(entry);
  }
  const last = entries.at(-1);
  if (last?.kind !== 'end')
    return { ok: false, line: lines.length + 1, broken: 'the end is missing: lines were cut off' };
  if (last.entries !== entries.length - 1) return { ok: false, line: lines.length, broken: 'it counts other lines' };
  return { ok: true, entries, head: previous };
}

function parse(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEntry = typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
    return isEntry ? { ...value, kind: String(value.kind) } : undefined;
  } catch {
    return undefined;
  }
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
