import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { servicesOf, portNames } from '../../cluster/configuration.js';
import { Missing } from '../../cluster/missing.js';
import { readOptions } from '../../cluster/options.js';
import { places } from '../../cluster/places.js';
import { usablePostgres } from '../../cluster/postgres.js';
import { cachedBuild, usableGo } from '../../cluster/temporal-build.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-cluster-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, says: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\nprintf '${says}'\n`);
  await chmod(join(folder, name), 0o755);
}

describe('Go', () => {
  it('that is missing is asked for, with version and place', async () => {
    const refused = usableGo({ PATH: folder });
    await expect(refused).rejects.toBeInstanceOf(Missing);
    await expect(refused).rejects.toThrow(/no Go on PATH.*Go 1\.26\.8 or later.*go\.dev/s);
  });

  it('that is too old is refused only where it may not fetch a newer one', async () => {
    await program('go', 'go1.22.1\\nlocal\\n');
    await expect(usableGo({ PATH: folder })).rejects.toThrow(/go1\.22\.1, and GOTOOLCHAIN=local/);
    await program('go', 'go1.22.1\\nauto\\n');
    await expect(usableGo({ PATH: folder })).resolves.toBe('go');
    await program('go', 'go1.27\\nlocal\\n');
    await expect(usableGo({ PATH: folder })).resolves.toBe('go');
  });

  it('is not needed to see that nothing is built yet', async () => {
    await expect(cachedBuild({ XDG_CACHE_HOME: folder })).resolves.toBeUndefined();
  });
});

describe('PostgreSQL', () => {
  it('that is missing is asked for', async () => {
    await expect(usablePostgres({ PATH: folder }, join(folder, 'none'))).rejects.toThrow(/apt-get install postgresql/);
  });

  it('that is too old is refused', async () => {
    const bin = join(folder, '11', 'bin');
    await mkdir(bin, { recursive: true });
    for (const name of ['initdb', 'postgres']) await program(join('11', 'bin', name), 'postgres (PostgreSQL) 11.22\\n');
    await expect(usablePostgres({ PATH: '' }, folder)).rejects.toThrow(/PostgreSQL\) 11\.22.*12 or later/s);
  });
});

describe('a folder', () => {
  it('keeps its ports and its shards, and refuses other shards', async () => {
    const first = await places(folder, 1, 8, 4);
    expect(Object.keys(first.ports).sort()).toEqual(portNames(servicesOf(1)).sort());
    expect(await places(folder, 1, undefined, 4)).toEqual(first);
    await expect(places(folder, 1, 16, 4)).rejects.toThrow(/made with 8 history shards/);
  });

  it('with settings that cannot be read is left alone', async () => {
    await writeFile(join(folder, 'cluster.json'), '{');
    await expect(places(folder, 1, undefined, 4)).rejects.toThrow(/cannot be read/);
  });
});

describe('the command line', () => {
  it('has defaults, and says what is wrong', () => {
    expect(readOptions([])).toEqual({ folder: undefined, namespace: 'default', each: 2, shards: undefined });
    expect(readOptions(['--help'])).toBeNull();
    expect(() => readOptions(['--each', '0'])).toThrow('--each 0: must be a whole number from 1 to 5');
    expect(() => readOptions(['--shards', 'many'])).toThrow('--shards many');
    expect(() => readOptions(['--namespace', 'a b'])).toThrow('--namespace a b');
  });
});
