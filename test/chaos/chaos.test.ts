/** The chaos run as a person starts it, on a dev server: all faults that a dev server can have. The full run is `npm run chaos`. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const RUN = fileURLToPath(new URL('../../chaos/run.mjs', import.meta.url));
const FAULTS = [
  'Temporal server killed',
  'gateway killed',
  'network to Atlas cut',
  'network to Atlas frozen',
  'network to Atlas slow',
  'none, for comparison',
  'worker killed',
];

const count = z.number().int().nonnegative();
const tally = z.record(z.string(), count);
const lastLine = z.strictObject({
  deals: count,
  stranded: count,
  duplicates: count,
  mismatches: count,
  faults: count,
  seed: count,
  seconds: count,
  ended: tally,
  envelopes: count,
  sends: count,
  credits: z.strictObject({ spent: count, refunded: count }),
  attachments: count,
  filed: count,
  blocked: tally,
  resumed: tally,
  autoSent: count,
  learnedByReadBack: count,
  contradictions: count,
  repeatedCalls: count,
  faultsByKind: tally,
  recovery: z.array(
    z.strictObject({
      fault: z.string(),
      times: count,
      deals: count,
      recoveryP95Ms: count.nullable(),
      unmeasured: count,
    }),
  ),
});

/** Where the run puts what it writes. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-chaos-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function chaos(...args: string[]): Promise<{ code: number; lines: string[]; said: string }> {
  const outcome = await run(process.execPath, [RUN, ...args], { env: { ...process.env, TMPDIR: folder } }).then(
    (said) => ({ ...said, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  const lines = outcome.stdout.trimEnd().split('\n');
  return { code: outcome.code, lines, said: `${outcome.stdout}${outcome.stderr}`.trim() };
}

/** What still runs of it, and what it left on the disk; libraries keep caches of their own there. */
async function leftovers(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'args=']);
  return [
    ...stdout.split('\n').filter((command) => command.includes(folder)),
    ...(await readdir(folder)).filter((name) => name.startsWith('countersign-')),
  ];
}

describe('the chaos run, in short', () => {
  it(
    'injects every fault, strands no deal, doubles nothing and finds everybody agreed',
    { timeout: 240_000 },
    async () => {
      const { code, lines, said } = await chaos('--short', '--seed', '4');
      expect({ code, said }).toMatchObject({ code: 0 });
      const counts = lastLine.parse(JSON.parse(lines.at(-1) ?? ''));
      expect({ ...counts, said }).toMatchObject({ deals: 8, stranded: 0, duplicates: 0, mismatches: 0, seed: 4 });
      expect(counts.recovery.map(({ fault }) => fault).sort()).toEqual(FAULTS);
      expect(counts.faults).toBeGreaterThanOrEqual(FAULTS.length - 1);
      expect(Object.values(counts.ended).reduce((sum, deals) => sum + deals)).toBe(8);
      expect(counts.credits.spent).toBe(counts.sends);
      expect(counts.filed).toBe(counts.ended['completed']);
      expect(await leftovers()).toEqual([]);
    },
  );
});
