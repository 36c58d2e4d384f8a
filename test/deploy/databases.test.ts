import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPostgres, postgresAtHand, type ThrowAwayPostgres } from '../support/postgres.js';
import { ROOT } from './compose-file.js';

// Users belong to a whole server: only a server that is thrown away afterwards gets them.
const found = postgresAtHand();
const folders = found && 'binaries' in found ? [found.binaries, ...(process.env.PATH ?? '').split(delimiter)] : [];
const psql = folders.map((folder) => join(folder, 'psql')).find((path) => existsSync(path));

describe.runIf(psql !== undefined)('the databases of docker-compose.yml', () => {
  let server: ThrowAwayPostgres | undefined;

  beforeAll(async () => {
    server = await aPostgres();
    const script = join(ROOT, 'deploy/postgres/databases.sql');
    const args = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--file=${script}`, server.url];
    const passwords = { TEMPORAL_DB_PASSWORD: 'of-temporal', COUNTERSIGN_DB_PASSWORD: 'of-countersign' };
    await promisify(execFile)(psql ?? 'psql', args, { env: { ...process.env, ...passwords } });
  });
  afterAll(async () => {
    await server?.stop();
  });

  async function onDatabase<T>(user: string, database: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
    const url = new URL(server?.url ?? '');
    url.username = user;
    url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    return use(client).finally(() => client.end());
  }

  it.each([
    ['temporal', 'temporal'],
    ['temporal', 'temporal_visibility'],
    ['countersign', 'countersign'],
  ])('let %s make its tables in %s', async (user, database) => {
    await onDatabase(user, database, async (client) => {
      await client.query('CREATE TABLE probe (id int)');
      await client.query('DROP TABLE probe');
    });
  });

  it.each([
    ['countersign', 'temporal'],
    ['countersign', 'temporal_visibility'],
    ['temporal', 'countersign'],
  ])('keep %s out of %s', async (user, database) => {
    await expect(onDatabase(user, database, async () => undefined)).rejects.toThrow('permission denied for database');
  });

  it('have users that need their passwords and rule nothing else', async () => {
    const { rows } = await onDatabase('postgres', 'postgres', (client) =>
      client.query(
        `SELECT rolname, rolpassword IS NOT NULL AS secret, rolsuper OR rolcreatedb OR rolcreaterole AS rules
           FROM pg_authid WHERE rolname IN ('temporal', 'countersign') ORDER BY rolname`,
      ),
    );
    expect(rows).toEqual([
      { rolname: 'countersign', secret: true, rules: false },
      { rolname: 'temporal', secret: true, rules: false },
    ]);
  });
});
