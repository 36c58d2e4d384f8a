import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const RUN = fileURLToPath(new URL('../../soak/run.mjs', import.meta.url));
const SHORT = ['--short', '--seed', '4'];

const count = z.number().int().nonnegative();
const tally = z.record(z.string(), count);
const lastLine = z.strictObject({
  deals: count,
  stranded: count,
  duplicates: count,
  mismatches: count,
  faults: count,
  kills: count,
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
  killsByPart: tally,
});

/** Where the soaks of one test put what they write. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-soak-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Soak {
  code: number | null;
  lines: string[];
  said: string;
}

/** Runs the soak to its end; `heard` is told each line as it appears. */
async function soak(
  args: readonly string[],
  heard: (line: string, soak: number) => void = () => undefined,
): Promise<Soak> {
  const child = spawn(process.execPath, [RUN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (child.pid !== undefined) heard(line, child.pid);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, lines, said: [...lines, ...errors].join('\n') };
}

/** What still runs of the soak, and what it left on the disk; libraries keep caches of their own there. */
async function leftovers(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'args=']);
  return [
    ...stdout.split('\n').filter((command) => command.includes(folder)),
    ...(await readdir(folder)).filter((name) => name.startsWith('countersign-')),
  ];
}

describe('the soak, in short', () => {
  it(
    'strands no deal, doubles nothing and finds everybody agreed, under faults and kills',
    { timeout: 240_000 },
    async () => {
      const { code, lines, said } = await soak(SHORT);
      expect({ code, said }).toMatchObject({ code: 0 });
      const counts = lastLine.parse(JSON.parse(lines.at(-1) ?? ''));
      expect({ ...counts, said }).toMatchObject({ deals: 14, stranded: 0, duplicates: 0, mismatches: 0, seed: 4 });
      expect(counts.faults).toBeGreaterThan(0);
      expect(counts.kills).toBeGreaterThan(0);
      expect(Object.values(counts.ended).reduce((sum, deals) => sum + deals)).toBe(14);
      expect(counts.credits.spent).toBe(counts.sends);
      expect(counts.filed).toBe(counts.ended.completed);
      expect(await leftovers()).toEqual([]);
    },
  );

  it('leaves nothing behind when it is interrupted', { timeout: 120_000 }, async () => {
    const { code, said } = await soak(SHORT, (line, pid) => {
      if (/started, \d+ open/.test(line)) process.kill(pid, 'SIGINT');
    });
    expect(said).toContain('Stopping everything');
    expect(code).toBe(130);
    expect(await leftovers()).toEqual([]);
  });
});

describe('the soak, asked wrongly', () => {
  it.each([
    [['--deals', 'many'], '--deals many: must be a whole number from 1'],
    [['--share', '1.2'], '--share 1.2: must be from 0 to less than 1'],
  ])('names the option that is wrong and starts nothing: %j', async (args, words) => {
    expect(await soak(args)).toEqual({ code: 1, lines: [], said: words });
  });
});
