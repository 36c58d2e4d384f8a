import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildOf } from '../../src/config/deployment.js';
import { readWorkerSettings, SettingsError } from '../../src/config.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/build-id.mjs', import.meta.url));

/** What `npm run build` would note of the folder at `root`. */
function noted(root: string, env: Record<string, string>) {
  const program = `import { buildId } from ${JSON.stringify(SCRIPT)}; process.stdout.write(buildId(process.argv[1], process.env))`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program, root], {
    env: { PATH: process.env.PATH ?? '', ...env },
    encoding: 'utf8',
  });
}

describe('the build of a worker', () => {
  it('has no version unless a deployment is named', () => {
    expect(buildOf({}, 'abc').value).toEqual({ id: 'abc', deployment: null });
    expect(buildOf({ BUILD_ID: 'mine' }, 'abc').value).toEqual({ id: 'mine', deployment: null });
  });

  it('is the version of the deployment, by its commit or by BUILD_ID', () => {
    expect(buildOf({ WORKER_DEPLOYMENT: 'countersign' }, 'abc').value).toEqual({
      id: 'abc',
      deployment: { name: 'countersign', buildId: 'abc' },
    });
    expect(buildOf({ WORKER_DEPLOYMENT: 'countersign', BUILD_ID: 'mine' }, 'abc').value?.deployment?.buildId).toBe(
      'mine',
    );
  });

  it('is asked for where a deployment is named and nothing says which build this is', () => {
    expect(buildOf({ WORKER_DEPLOYMENT: 'countersign' }, null).problems?.join()).toMatch(
      /^BUILD_ID: is not set.*for example/,
    );
  });

  it.each([
    ['WORKER_DEPLOYMENT', 'counter.sign'],
    ['BUILD_ID', 'two words'],
  ])('is refused where %s is %s', (name, value) => {
    const read = () => readWorkerSettings({ ATLAS_API_KEY: 'k', [name]: value });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(new RegExp(`${name}: must be .*; for example ${name}=`));
  });

  it('is noted at build time: BUILD_ID, else a commit, else nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-build-'));
    try {
      expect(noted(folder, {}).stdout).toBe('');
      expect(noted(folder, { BUILD_ID: '0.2.0' }).stdout).toBe('0.2.0');
      expect(noted(folder, { BUILD_ID: 'two words' })).toMatchObject({ status: 1, stdout: '' });
      const git = (...args: string[]) =>
        spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
          cwd: folder,
          encoding: 'utf8',
        });
      git('init', '--quiet');
      git('commit', '--quiet', '--allow-empty', '--message', 'first');
      const commit = git('rev-parse', '--short=12', 'HEAD').stdout.trim();
      expect(noted(folder, {}).stdout).toBe(commit);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
