import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timeSkippingServerPath } from '../support/temporal-servers.js';
import { startTimeSkipping } from '../support/time-skipping-server.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-time-skipping-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An executable whose first `misses` starts come to nothing; each start adds its process id to `starts`. */
async function aLateServer(name: string, misses: number): Promise<{ path: string; starts: () => Promise<number[]> }> {
  const path = join(folder, name);
  const starts = `${path}.starts`;
  await writeFile(
    path,
    `#!/bin/sh\necho $$ >> ${starts}\n[ "$(wc -l < ${starts})" -gt ${misses} ] || exec sleep 60\nexec ${await timeSkippingServerPath()} "$@"\n`,
  );
  await chmod(path, 0o755);
  return { path, starts: async () => (await readFile(starts, 'utf8')).trim().split('\n').map(Number) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('The time-skipping server of the tests', () => {
  it('is started again when it does not come in time, and nothing of the first start stays', async () => {
    const late = await aLateServer('late', 1);
    const env = await startTimeSkipping(late.path);
    expect(await env.currentTimeMs()).toBeGreaterThan(0);
    await env.teardown();
    const starts = await late.starts();
    expect(starts).toHaveLength(2);
    await expect.poll(() => starts.filter(isAlive)).toEqual([]);
  });

  it('is an error when it never comes', async () => {
    const never = await aLateServer('never', 9);
    await expect(startTimeSkipping(never.path, 2)).rejects.toThrow('did not start within 5s');
    expect(await never.starts()).toHaveLength(2);
  });
});
