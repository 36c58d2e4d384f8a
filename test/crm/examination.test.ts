import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/crm/database.js';
import { examineDatabase, examineReceiver } from '../../src/crm/examination.js';
import { migrate } from '../../src/crm/migrate.js';
import { freePort } from '../../src/stack/ports.js';
import { saying } from './contract.js';
import { aReceiver } from './http-receiver.js';

describe('a look at the embedded database', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-look-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('says that there is none yet, and makes none', async () => {
    const folder = join(home, 'none');
    await expect(examineDatabase({ folder })).rejects.toMatchObject({
      kind: 'refused',
      message: saying('npm run setup'),
    });
    expect(existsSync(folder)).toBe(false);
  });

  it('says whether it is behind or up to date, and who has it open', async () => {
    const folder = join(home, 'crm');
    const database = await openDatabase({ folder });
    await expect(examineDatabase({ folder })).resolves.toContain(`in use by process ${process.pid}`);
    await database.close();
    await expect(examineDatabase({ folder })).rejects.toThrow('run npm run setup');

    const again = await openDatabase({ folder });
    await migrate(again);
    await again.close();
    await expect(examineDatabase({ folder })).resolves.toContain('up to date');
    // It gave the folder back.
    await (await openDatabase({ folder })).close();
  }, 120_000);
});

describe('a look at the receiver of an http CRM', () => {
  it('is content with any answer, and writes nothing', async () => {
    const receiver = await aReceiver(Buffer.from('key'));
    await expect(examineReceiver(receiver.url)).resolves.toContain('401 to HEAD');
    expect(receiver.seen.map(({ method }) => method)).toEqual(['HEAD']);
    await receiver.close();
  });

  it('says that nobody answers', async () => {
    const look = examineReceiver(`http://127.0.0.1:${await freePort()}`);
    await expect(look).rejects.toMatchObject({ kind: 'unavailable', message: saying('ECONNREFUSED') });
  });
});
