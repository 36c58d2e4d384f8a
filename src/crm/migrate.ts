/** The schema of the `postgres` CRM, in the SQL files of `migrations/`; which of them have run is kept in `schema_migrations`. */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Database } from './database.js';
import { sqlError } from './sql-errors.js';

/** Beside `src/` and `dist/` alike. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url));
const TABLE = 'schema_migrations';
/** Long enough for another process to migrate first, short enough to tell of one that hangs. */
const LOCK_WAIT = '60s';

const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };

function quiet(): void {}

/** Runs what has not run, each once even when two processes do it together; answers the names. Throws `CrmError`. */
export async function migrate(database: Database): Promise<string[]> {
  try {
    return await database.session(async (client) => {
      await client.query(`SET lock_timeout = '${LOCK_WAIT}'`);
      const run = await runner({
        dbClient: client,
        dir: MIGRATIONS,
        direction: 'up',
        migrationsTable: TABLE,
        advisoryLockMode: 'wait',
        logger: SILENT,
      });
      await client.query('RESET lock_timeout');
      return run.map(({ name }) => name);
    });
  } catch (error) {
    throw sqlError(error, 'migrating the database');
  }
}

/** Names of the migrations that have not run yet, in order. */
export async function missingMigrations(database: Database): Promise<string[]> {
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort();
  const names = files.map((file) => basename(file, '.sql'));
  const [table] = await database.query<{ found: boolean }>(`SELECT to_regclass('${TABLE}') IS NOT NULL AS found`);
  if (!table?.found) return names;
  const done = await database.query<{ name: string }>(`SELECT name FROM ${TABLE}`);
  return names.filter((name) => !done.some((row) => row.name === name));
}
