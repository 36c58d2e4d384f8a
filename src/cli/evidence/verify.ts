/** `countersign evidence verify`: whether a folder of evidence is as it was written. Needs nothing but the folder. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { follow, sha256 } from './chain.js';
import { LINES } from './export.js';

export type Verified =
  | { ok: true; entries: number; head: string; files: string[] }
  /** `line` of evidence.jsonl, null where no line is at fault. */
  | { ok: false; line: number | null; broken: string };

const fileSchema = z.looseObject({
  kind: z.literal('file'),
  n: z.int(),
  name: z.string().regex(/^[\w.-]+$/),
  sha256: z.string(),
});

/** Names the first broken link. `head`: what somebody noted down as the hash of the last line. */
export async function verifyEvidence(folder: string, head?: string): Promise<Verified> {
  const text = await readFile(join(folder, LINES), 'utf8').catch(() => undefined);
  if (text === undefined) return { ok: false, line: null, broken: `there is no ${LINES} in ${folder}` };
  const followed = follow(text);
  if (!followed.ok) return followed;
  if (head !== undefined && head !== followed.head)
    return {
      ok: false,
      line: null,
      broken: `the chain ends with ${followed.head}, not with the hash that was noted down`,
    };

  const listed = followed.entries.filter(({ kind }) => kind === 'file').map((entry) => fileSchema.parse(entry));
  for (const { n, name, sha256: expected } of listed) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    if (!bytes) return { ok: false, line: n, broken: `the file ${name} is missing` };
    if (sha256(bytes) !== expected) return { ok: false, line: n, broken: `the file ${name} was changed` };
  }
  const names = new Set([LINES, ...listed.map(({ name }) => name)]);
  const foreign = (await readdir(folder)).find((name) => !names.has(name));
  if (foreign !== undefined) return { ok: false, line: null, broken: `the file ${foreign} belongs to no line` };
  return { ok: true, entries: followed.entries.length - 1, head: followed.head, files: listed.map(({ name }) => name) };
}
