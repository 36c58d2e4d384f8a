import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDeadLetters } from '../../src/docusign/dead-letters.js';
import type { DeadLetter } from '../../src/docusign/rows.js';
import { aLog, PERSONAL } from './sink-contract.js';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-letters-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'docusign');
}

function aLetter(fields: Partial<DeadLetter> = {}): DeadLetter {
  const raw = { email: PERSONAL };
  return { feed: 'customer-events', at: '2024-06-30T07:08:06.000Z', why: 'it has no timestamp', raw, ...fields };
}

function aCircle(): unknown {
  const circle: unknown[] = [];
  circle.push(circle);
  return circle;
}

async function lettersIn(folder: string, feed = 'customer-events'): Promise<unknown[]> {
  const text = await readFile(join(folder, `dead-letters-${feed}.ndjson`), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
}

describe('dead letters', () => {
  it('are kept by feed, for their owner only', async () => {
    const folder = await aFolder();
    const write = createDeadLetters(folder, aLog());
    const [event, user] = [aLetter(), aLetter({ feed: 'audit-users', raw: 'no record' })];
    await Promise.all([write(event), write(user)]);
    expect(await lettersIn(folder)).toEqual([event]);
    expect(await lettersIn(folder, 'audit-users')).toEqual([user]);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  });

  it('are written once for the same record and reason, whenever it comes again', async () => {
    const folder = await aFolder();
    const write = createDeadLetters(folder, aLog());
    const letters = [
      aLetter(),
      aLetter({ at: '2024-07-01T00:00:00.000Z' }),
      aLetter({ why: 'other' }),
      aLetter({ raw: 1 }),
    ];
    await Promise.all([...letters, ...letters].map(write));
    expect(await lettersIn(folder)).toEqual([letters[0], letters[2], letters[3]]);
  });

  it('never disturb the feed, tell nothing of a record, and are kept once they can be', async () => {
    const folder = await aFolder();
    await writeFile(folder, 'in the way');
    const log = aLog();
    const write = createDeadLetters(folder, log);
    await write(aLetter());
    expect(log.said).toEqual([expect.stringContaining('EEXIST')]);
    expect(log.said.join()).not.toContain(PERSONAL);
    await rm(folder);
    await write(aLetter());
    expect(await lettersIn(folder)).toEqual([aLetter()]);
  });

  it('end what a killed process has begun', async () => {
    const folder = await aFolder();
    await createDeadLetters(folder, aLog())(aLetter());
    const path = join(folder, 'dead-letters-customer-events.ndjson');
    await truncate(path, 20);
    await createDeadLetters(folder, aLog())(aLetter());
    const [begun, whole] = (await readFile(path, 'utf8')).split('\n');
    expect(begun).toHaveLength(20);
    expect(JSON.parse(whole ?? '')).toEqual(aLetter());
  });

  it('do not grow without end, and cut what is endless', async () => {
    const folder = await aFolder();
    const write = createDeadLetters(folder, aLog(), { fileBytes: 1_000, rawCharacters: 300 });
    for (let count = 0; count < 30; count += 1) await write(aLetter({ raw: `${count}`.padEnd(1_000, '"') }));
    await write(aLetter());
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThan(2_500);
    expect((await lettersIn(folder)).at(-1)).toEqual(aLetter());
  });

  it.each([
    ['nothing', undefined],
    ['a circle', aCircle()],
    ['what is no JSON', 10n],
  ])('take %s', async (_what, raw) => {
    const folder = await aFolder();
    const log = aLog();
    await createDeadLetters(folder, log)(aLetter({ raw }));
    expect(await lettersIn(folder)).toHaveLength(1);
    expect(log.said).toEqual([]);
  });
});
