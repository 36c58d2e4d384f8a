import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Processes } from '../../src/stack/processes.js';

const PARENT = fileURLToPath(new URL('./parent.mjs', import.meta.url));
const FOREVER = 'setInterval(() => {}, 1000)';

let folder: string;
let processes: Processes;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-processes-'));
  processes = new Processes(folder, 500);
});

afterEach(async () => {
  await processes.stopAll();
  await rm(folder, { recursive: true, force: true });
});

/** A zombie that nobody has collected yet counts as gone. */
async function lives(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) Z/.test(stat);
}

async function allGone(pids: number[]): Promise<void> {
  await vi.waitFor(async () => expect(await Promise.all(pids.map(lives))).toEqual(pids.map(() => false)), {
    timeout: 8000,
    interval: 50,
  });
}

describe('the children of a process', () => {
  const start = (name: string, script: string) =>
    processes.start({ name, command: process.execPath, args: ['-e', script], env: process.env, cwd: folder });

  test('write to a log file of their name, one run after the other', async () => {
    const first = await start('talker', "console.log('first')");
    expect(await first.ended).toEqual({ code: 0, signal: null });
    const second = await start('talker', "console.error('second'); process.exit(4)");
    expect(await second.ended).toEqual({ code: 4, signal: null });
    expect(await readFile(second.logFile, 'utf8')).toBe('first\nsecond\n');
  });

  test('are killed after the grace time when they do not heed SIGTERM', async () => {
    const deaf = await start('deaf', `process.on('SIGTERM', () => {}); console.log('ready'); ${FOREVER}`);
    await vi.waitFor(async () => expect(await readFile(deaf.logFile, 'utf8')).toContain('ready'));
    expect(await deaf.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('take what they have started themselves with them', async () => {
    const child = `require('child_process').spawn(process.execPath, ['-e', '${FOREVER}'], { stdio: 'ignore' }).pid`;
    const family = await start('family', `console.log(${child}); ${FOREVER}`);
    await vi.waitFor(async () => expect(await readFile(family.logFile, 'utf8')).toMatch(/\d+\n/));
    const grandchild = Number(await readFile(family.logFile, 'utf8'));
    expect(await lives(grandchild)).toBe(true);
    family.signal('SIGKILL');
    await allGone([family.pid, grandchild]);
  });

  test('a command that does not exist is told by the name of its process', async () => {
    const missing = { name: 'temporal', command: '/no/such/file', args: [], env: process.env, cwd: folder };
    await expect(processes.start(missing)).rejects.toThrow('temporal could not be started');
  });
});

describe('no child outlives its parent', () => {
  let parent: ChildProcess;

  async function startParent(ending = 'none'): Promise<number[]> {
    parent = spawn(process.execPath, [PARENT, folder, ending], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (parent.stdout === null) throw new Error('no pipe');
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pids = JSON.parse(line) as number[];
    expect(await Promise.all(pids.map(lives))).toEqual([true, true, true]);
    await vi.waitFor(async () => expect(await readFile(join(folder, 'family.log'), 'utf8')).toMatch(/\d+\n/));
    return [...pids, Number(await readFile(join(folder, 'family.log'), 'utf8'))];
  }

  afterEach(() => {
    parent.kill('SIGKILL');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP'] as const)('that is sent %s', async (signal) => {
    const pids = await startParent();
    parent.kill(signal);
    await allGone(pids);
  });

  test.each(['end', 'throw'])('that comes to a sudden end (%s)', async (ending) => {
    const pids = await startParent(ending);
    parent.kill('SIGUSR2');
    await once(parent, 'exit');
    await allGone(pids);
  });
});
