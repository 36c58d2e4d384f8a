import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { FINAL_STAGES } from '../../src/deal/stages.js';

const run = promisify(execFile);
const DEMO = fileURLToPath(new URL('../../dist/demo.js', import.meta.url));

interface Performance {
  code: number | null;
  said: string;
  /** Name of the temporary folder that the demo worked in. */
  folder: string;
}

/** Runs the demo to its end; `heard` is told each line as it appears. */
async function perform(heard: (line: string, demo: number) => void = () => undefined): Promise<Performance> {
  const demo = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for (const stream of [demo.stdout, demo.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (demo.pid !== undefined) heard(line, demo.pid);
    });
  }
  const code = await new Promise<number | null>((resolve) => demo.once('close', resolve));
  const said = lines.join('\n');
  const folder = /countersign-demo-\w+/.exec(said)?.[0] ?? 'no folder was named';
  return { code, said, folder };
}

/** The different outcomes of the table that the demo ends with. */
function outcomesIn(said: string): string[] {
  const rows = said.split('\n').map((line) => line.split(/ {2,}/));
  const head = rows.findIndex(([deal, contract]) => deal === 'deal' && contract === 'contract');
  const table = rows.slice(
    head + 1,
    rows.findIndex(([first], index) => index > head && first === ''),
  );
  return [...new Set(table.map((cells) => cells[rows[head]?.indexOf('outcome') ?? -1] ?? ''))].sort();
}

async function processes(): Promise<{ pid: number; parent: number; command: string }[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
  return [...stdout.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)].map(([, pid, parent, command = '']) => ({
    pid: Number(pid),
    parent: Number(parent),
    command,
  }));
}

async function killChild(demo: number, of: RegExp): Promise<void> {
  const child = (await processes()).find(({ parent, command }) => parent === demo && of.test(command));
  if (child !== undefined) process.kill(child.pid, 'SIGKILL');
}

async function expectNothingLeft(folder: string): Promise<void> {
  expect((await processes()).filter(({ command }) => command.includes(folder))).toEqual([]);
  expect(await readdir(tmpdir())).not.toContain(folder);
}

describe('the demo', () => {
  test(
    'brings all its deals to their ends although each of its processes is killed on the way, and leaves nothing behind',
    { timeout: 240_000 },
    async () => {
      const killings: { when: string; of: RegExp; name: string }[] = [
        { when: 'stage: detecting', of: /dist\/worker\.js/, name: 'worker' },
        { when: 'stage: in-review', of: /dist\/gateway\.js/, name: 'gateway' },
        { when: 'stage: out-for-signature', of: /server start-dev/, name: 'temporal' },
        { when: 'Customer signed', of: /dist\/sandbox\.js/, name: 'sandbox' },
      ];
      const done = new Set<string>();
      const { code, said, folder } = await perform((line, demo) => {
        const due = killings.find(({ when, name }) => line.includes(when) && !done.has(name));
        if (due === undefined) return;
        done.add(due.name);
        void killChild(demo, due.of);
      });
      for (const { name } of killings) expect(said).toContain(`${name} ended (SIGKILL): starting it again`);
      expect(said).toContain('All 9 deals went as they should');
      expect(code).toBe(0);
      expect(outcomesIn(said)).toEqual([...FINAL_STAGES].sort());
      expect(said).not.toContain('\u001b[');
      await expectNothingLeft(folder);
    },
  );

  test('cleans up when it is interrupted', { timeout: 120_000 }, async () => {
    const { code, said, folder } = await perform((line, demo) => {
      if (line.includes('sandbox is up')) process.kill(demo, 'SIGINT');
    });
    expect(said).toContain('Stopping everything');
    expect(code).toBe(130);
    await expectNothingLeft(folder);
  });
});
