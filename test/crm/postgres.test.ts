import { createServer, type Server, type Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/crm/database.js';
import { migrate } from '../../src/crm/migrate.js';
import { createPostgresCrm } from '../../src/crm/postgres.js';
import { aPostgres, postgresAtHand, type ThrowAwayPostgres } from '../support/postgres.js';
import { aRecord, keepsTheCrmContract, saying } from './contract.js';
import { ALL_MIGRATIONS, keepsItsTables, sqlCrm } from './sql-crm.js';

const absent = postgresAtHand() === undefined;
if (absent) console.warn('SKIPPED: no PostgreSQL found. Debian: apt-get install postgresql, or set DATABASE_URL_TEST.');

describe.skipIf(absent)('the postgres CRM on a real PostgreSQL (skipped without one)', () => {
  let server: ThrowAwayPostgres;
  let database: Database;

  beforeAll(async () => {
    server = await aPostgres();
    database = await openDatabase({ url: server.url });
  }, 120_000);

  afterAll(async () => {
    await database?.close();
    await server?.stop();
  }, 60_000);

  it('says how to mend a database without a schema', async () => {
    await expect(createPostgresCrm(database).check()).rejects.toThrow('run npm run setup');
  });

  it('migrates once when several processes do it at the same time', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openDatabase({ url: server.url })));
    const ran = await Promise.all(others.map(migrate));
    await Promise.all(others.map((other) => other.close()));
    expect(ran.flat()).toEqual(ALL_MIGRATIONS);
    expect(await migrate(database)).toEqual([]);
  });

  describe('once migrated', () => {
    keepsTheCrmContract(() => sqlCrm(database));
    keepsItsTables(() => database);
  });

  it('refuses to start as a user who may not write', async () => {
    const reader = `countersign_reader_${randomUUID().replaceAll('-', '')}`;
    await database.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader'`);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`);
    const crm = createPostgresCrm(await openDatabase({ url: urlAs(server.url, reader, 'reader') }));
    await expect(crm.check()).rejects.toMatchObject({ kind: 'refused', message: saying('42501') });
    await crm.close();
    await database.query(`DROP OWNED BY ${reader}`);
    await database.query(`DROP ROLE ${reader}`);
  });

  it('lets a program that may do nothing else take a deal back', async () => {
    const marker = `countersign_marker_${randomUUID().replaceAll('-', '')}`;
    await database.query(`CREATE ROLE ${marker} LOGIN PASSWORD 'marker'`);
    await database.query(`GRANT SELECT, UPDATE (withdrawn_at, withdrawn_reason) ON deals TO ${marker}`);
    const record = aRecord();
    const crm = createPostgresCrm(database);
    await crm.record(record, 'w1');
    const company = await openDatabase({ url: urlAs(server.url, marker, 'marker') });
    await company.query(
      "UPDATE deals SET withdrawn_at = now(), withdrawn_reason = 'deal lost' WHERE deal_id = $1 AND round = 1",
      [record.dealId],
    );
    await company.close();
    expect(await crm.withdrawn({ dealId: record.dealId, round: 1 })).toBe('deal lost');
    await database.query(`DROP OWNED BY ${marker}`);
    await database.query(`DROP ROLE ${marker}`);
  });

  it('refuses a database that does not exist', async () => {
    const url = new URL(server.url);
    url.pathname = '/no_such_database';
    const crm = createPostgresCrm(await openDatabase({ url: url.href }));
    await expect(crm.check()).rejects.toMatchObject({ kind: 'refused', message: saying('3D000') });
    await crm.close();
  });

  it('survives that the server ends its connections, and writes with a new one', async () => {
    const record = aRecord();
    const crm = createPostgresCrm(database);
    await crm.record(record, 'w1');
    const bystander = await openDatabase({ url: server.url });
    const cut = database.transaction(async (tx) => {
      const [backend] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await bystander.query('SELECT pg_terminate_backend($1)', [backend?.pid]);
      await tx.query('SELECT 1');
    });
    await expect(cut).rejects.toThrow();
    await crm.record({ ...record, version: 2, stage: 'sending' }, 'w2');
    expect(await sqlCrm(database).stored(record.dealId, 1)).toMatchObject({ version: 2 });
    await bystander.close();
  });

  it('calls a statement that was cancelled for taking long something to try later', async () => {
    const blocker = await openDatabase({ url: server.url });
    const record = aRecord();
    const crm = createPostgresCrm(await openDatabase({ url: server.url, statementMs: 200 }));
    await crm.record(record, 'w1');
    await blocker.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM billing WHERE deal_id = $1 FOR UPDATE', [record.dealId]);
      const late = crm.record({ ...record, version: 2 }, 'w2');
      await expect(late).rejects.toMatchObject({ kind: 'unavailable', message: saying('57014') });
    });
    await blocker.close();
    await crm.close();
  });
});

describe('the postgres CRM without a server that answers', () => {
  let silent: Server;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  const portOf = (server: Server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };

  it('says that a refused connection may work later', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const port = portOf(closed);
    await new Promise((done) => closed.close(done));
    const crm = createPostgresCrm(await openDatabase({ url: `postgresql://x@localhost:${port}/x` }));
    await expect(crm.check()).rejects.toMatchObject({
      kind: 'unavailable',
      message: saying('ECONNREFUSED'),
    });
    await crm.close();
  });

  it('gives up on a server that accepts and stays silent', async () => {
    const crm = createPostgresCrm(await openDatabase({ url: `postgresql://x@127.0.0.1:${portOf(silent)}/x` }));
    const before = Date.now();
    await expect(crm.record(aRecord(), 'w1')).rejects.toMatchObject({ kind: 'unavailable' });
    expect(Date.now() - before).toBeLessThan(9_000);
    await crm.close();
  }, 15_000);
});

function urlAs(server: string, user: string, password: string): string {
  const url = new URL(server);
  url.username = user;
  url.password = password;
  return url.href;
}
