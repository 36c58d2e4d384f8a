/** `CRM=postgres`: tables in a database of the company's own, or in an embedded one. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { DatabaseSettings } from './database.js';
import type { Setting } from '../config/environment.js';
import type { ConfiguredCrm, CrmDriver, SettingsReader } from './driver.js';

const variables = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must be a PostgreSQL address')
    .optional()
    .meta({ example: 'postgresql://user:password@localhost:5432/countersign', secret: true }),
};

/** The database of `DATABASE_URL`, or the embedded one: of the `postgres` CRM, and of whatever else is kept in tables. */
export function databaseOf(read: Pick<SettingsReader, 'variables'>): Setting<DatabaseSettings> {
  const { value, problems } = read.variables(variables);
  if (!value) return { problems };
  const { DATABASE_URL: url } = value;
  return { value: url ? { url } : { folder: resolve('data/crm') } };
}

export const postgresDriver: CrmDriver = {
  name: 'postgres',
  variables,
  configure(read) {
    const { value, problems } = databaseOf(read);
    return value ? { value: configured(value) } : { problems };
  },
};

/** The database drivers are much code, which the gateway and most commands need not wait for. */
function configured(settings: DatabaseSettings): ConfiguredCrm {
  return {
    name: 'postgres',
    remedy: 'Start the database, check DATABASE_URL and the rights of its user, then run npm run setup.',
    async open() {
      const { openDatabase } = await import('./database.js');
      const { createPostgresCrm, createPostgresIntake } = await import('./postgres.js');
      const database = await openDatabase(settings);
      return { crm: createPostgresCrm(database), intake: createPostgresIntake(database) };
    },
    async examine() {
      const { examineDatabase } = await import('./examination.js');
      return examineDatabase(settings);
    },
    prepare: () => migrated(settings),
  };
}

/** Brings the tables up to date and says what was done; safe to repeat. Throws `CrmError`. */
export async function migrated(settings: DatabaseSettings): Promise<string> {
  const { openDatabase } = await import('./database.js');
  const { migrate } = await import('./migrate.js');
  const database = await openDatabase(settings);
  try {
    const run = await migrate(database);
    return run.length > 0 ? `database: ran ${run.join(', ')}` : 'database: up to date';
  } finally {
    await database.close();
  }
}
