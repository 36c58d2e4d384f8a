import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint, isBuilt, isInstalled, markBuilt, nodeComplaint } from '../../scripts/prepare.mjs';

describe('making a clone ready', () => {
  let clone: string;

  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'countersign-clone-'));
    for (const folder of ['src/deal', 'dist', 'node_modules']) await mkdir(join(clone, folder), { recursive: true });
    await writeFile(join(clone, 'src/deal/ids.ts'), 'export {};');
    await writeFile(join(clone, 'tsconfig.json'), '{}');
  });

  afterEach(() => rm(clone, { recursive: true, force: true }));

  const lock = (packages: Record<string, object>) =>
    writeFile(join(clone, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
  const installed = (packages: Record<string, object>) =>
    writeFile(join(clone, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));

  test.each([
    ['20.20.0', false],
    ['22.1.0', false],
    ['20.19.9', true],
    ['18.99.0', true],
  ])('Node %s is refused: %s', (version, refused) => {
    expect(nodeComplaint(version) !== null).toBe(refused);
  });

  test('nothing is installed while npm has not finished an install', async () => {
    await lock({});
    expect(isInstalled(clone)).toBe(false);
  });

  test('an install that matches the lock file is kept, foreign optional packages aside', async () => {
    await lock({
      'node_modules/zod': { version: '4.6.7' },
      'node_modules/only-on-mac': { version: '1.0.0', optional: true },
    });
    await installed({ 'node_modules/zod': { version: '4.6.7' } });
    expect(isInstalled(clone)).toBe(true);
  });

  test('a changed or an added package calls for an install', async () => {
    await installed({ 'node_modules/zod': { version: '4.6.7' } });
    await lock({ 'node_modules/zod': { version: '4.6.8' } });
    expect(isInstalled(clone)).toBe(false);
    await lock({ 'node_modules/zod': { version: '4.6.7' }, 'node_modules/ms': { version: '2.1.3' } });
    expect(isInstalled(clone)).toBe(false);
  });

  test('a build is good until a source changes, appears or goes', async () => {
    expect(isBuilt(clone)).toBe(false);
    markBuilt(clone, fingerprint(clone));
    expect(isBuilt(clone)).toBe(true);
    await writeFile(join(clone, 'src/deal/stages.ts'), 'export {};');
    expect(isBuilt(clone)).toBe(false);
    await rm(join(clone, 'src/deal/stages.ts'));
    expect(isBuilt(clone)).toBe(true);
    await writeFile(join(clone, 'src/deal/ids.ts'), 'export const changed = 1;');
    expect(isBuilt(clone)).toBe(false);
  });
});
