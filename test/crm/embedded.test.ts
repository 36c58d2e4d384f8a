import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/crm/database.js';
import { lockFolder } from '../../src/crm/folder-lock.js';
import { migrate } from '../../src/crm/migrate.js';
import { createPostgresCrm } from '../../src/crm/postgres.js';
import { aRecord, keepsTheCrmContract } from './contract.js';
import { ALL_MIGRATIONS, keepsItsTables, sqlCrm } from './sql-crm.js';

/** The first start of an embedded database unpacks it, which takes long on a busy machine. */
const START_MS = 120_000;

describe('the postgres CRM on the embedded database', () => {
  let folder: string;
  let database: Database;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-crm-'));
    database = await openDatabase({ folder });
  }, START_MS);

  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('says how to mend a database without a schema', async () => {
    await expect(createPostgresCrm(database).check()).rejects.toThrow('run npm run setup');
    await expect(createPostgresCrm(database).record(aRecord(), 'w1')).rejects.toThrow('run npm run setup');
  });

  it('migrates once, also when asked twice at the same time', async () => {
    const ran = await Promise.all([migrate(database), migrate(database)]);
    expect(ran.flat()).toEqual(ALL_MIGRATIONS);
    expect(await migrate(database)).toEqual([]);
  });

  it('says that the schema is behind when a migration has not run', async () => {
    const [last = ''] = ALL_MIGRATIONS.slice(-1);
    await database.query('DELETE FROM schema_migrations WHERE name = $1', [last]);
    await expect(createPostgresCrm(database).check()).rejects.toThrow(`lacks ${last}: run npm run setup`);
    await database.query('INSERT INTO schema_migrations (name, run_on) VALUES ($1, now())', [last]);
  });

  describe('once migrated', () => {
    keepsTheCrmContract(() => sqlCrm(database));
    keepsItsTables(() => database);
  });

  it('leaves no transaction open when its work fails', async () => {
    const work = database.transaction(async (tx) => {
      await tx.query("INSERT INTO billing (deal_id, round, version, status) VALUES ('half', 1, 1, 'draft')");
      throw new Error('lost');
    });
    await expect(work).rejects.toThrow('lost');
    expect(await database.query("SELECT * FROM billing WHERE deal_id = 'half'")).toEqual([]);
  });

  it('keeps its deals over a restart and gives the folder back in between', async () => {
    const record = aRecord();
    await createPostgresCrm(database).record(record, 'w1');
    await database.close();
    database = await openDatabase({ folder });
    expect(await sqlCrm(database).stored(record.dealId, 1)).toEqual(record);
  }, 60_000);
});

describe('an embedded database that is opened twice in a process', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-shared-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it(
    'is one, keeps the transactions of both apart, and is given back by the last to close it',
    async () => {
      const folder = join(home, 'crm');
      const [deals, events] = await Promise.all([openDatabase({ folder }), openDatabase({ folder: `${folder}/` })]);
      await deals.query('CREATE TABLE shared (written_by text)');
      const written = () => events.query<{ written_by: string }>('SELECT written_by FROM shared');

      let other: Promise<unknown> | undefined;
      const undone = deals.transaction(async (tx) => {
        await tx.query("INSERT INTO shared VALUES ('deals, undone')");
        other = events.transaction((theirs) => theirs.query("INSERT INTO shared VALUES ('events')"));
        await tx.query('SELECT 1');
        throw new Error('lost');
      });
      await expect(undone).rejects.toThrow('lost');
      await other;
      expect(await written()).toEqual([{ written_by: 'events' }]);

      await deals.close();
      await deals.close();
      await events.query("INSERT INTO shared VALUES ('events, alone')");
      const third = await openDatabase({ folder });
      await events.close();
      expect(await third.query('SELECT count(*)::integer AS rows FROM shared')).toEqual([{ rows: 2 }]);
      expect(existsSync(join(folder, 'lock'))).toBe(true);
      await third.close();
      expect(existsSync(join(folder, 'lock'))).toBe(false);
    },
    START_MS,
  );

  it(
    'is opened anew while the last user is just closing it',
    async () => {
      const folder = join(home, 'crm');
      const first = await openDatabase({ folder });
      const closing = first.close();
      const second = await openDatabase({ folder });
      await closing;
      expect(await second.query('SELECT count(*)::integer AS rows FROM shared')).toEqual([{ rows: 2 }]);
      await second.close();
    },
    START_MS,
  );

  it(
    'is tried again after it could not be opened',
    async () => {
      const folder = join(home, 'not-yet');
      await writeFile(folder, 'a file');
      const tries = await Promise.allSettled([openDatabase({ folder }), openDatabase({ folder })]);
      expect(tries.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await rm(folder);
      await rename(join(home, 'crm'), folder);
      await (await openDatabase({ folder })).close();
    },
    START_MS,
  );
});

describe('the lock of an embedded database', () => {
  let folder: string;
  const lockFile = () => join(folder, 'lock');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-lock-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('keeps a second opener out, says who holds it, and is free again after', async () => {
    const release = await lockFolder(folder, 0);
    await expect(lockFolder(folder, 0)).rejects.toThrow(`in use by process ${process.pid}`);
    await release();
    await (
      await lockFolder(folder, 0)
    )();
  });

  it('waits for a holder that is just ending', async () => {
    const release = await lockFolder(folder, 0);
    const second = lockFolder(folder, 10_000);
    await release();
    await (
      await second
    )();
  });

  it('respects another living process and takes over once that one is gone', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      await once(other, 'spawn');
      await writeFile(lockFile(), await holderOf(other.pid));
      await expect(lockFolder(folder, 0)).rejects.toThrow(`in use by process ${other.pid}`);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    const release = await lockFolder(folder, 0);
    expect(await readFile(lockFile(), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
    await release();
  });

  it('takes over from an earlier process that had the same number', async () => {
    await writeFile(lockFile(), `${process.pid} 1`);
    await (
      await lockFolder(folder, 0)
    )();
  });

  it('lets one of several take over at a time', async () => {
    await writeFile(lockFile(), '999999999 1');
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => lockFolder(folder, 0)));
    const taken = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(taken).toHaveLength(1);
    await taken[0]?.();
  });
});

/** What a process writes into its lock on Linux: its number and its start. */
async function holderOf(pid: number | undefined): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'}`;
}
