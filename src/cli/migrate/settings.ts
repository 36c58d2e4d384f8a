/** What the commands on the move from one provider to another need of the settings; each reads its own part and no more. */
import { resolve } from 'node:path';
import { SettingsError, type Environment } from '../../config.js';
import { readVariables, type Setting } from '../../config/environment.js';
import { readTemporalSettings } from '../../config/temporal.js';
import { VARIABLES } from '../../config/variables.js';
import type { DatabaseSettings } from '../../crm/database.js';
import { postgresDriver } from '../../crm/postgres-driver.js';
import type { SinkDatabase } from '../../docusign/sinks/database.js';
import { openTemporal, type TemporalClient } from '../../temporal/connection.js';

export interface TypesFile {
  path: string;
  readBackFirstMs: number;
}

/** Where the document types stand. Throws `SettingsError`. */
export function typesFileOf(env: Environment): TypesFile {
  const { DOCUMENT_TYPES, READ_BACK_FIRST } = VARIABLES;
  const values = orThrow(readVariables(env, { DOCUMENT_TYPES, READ_BACK_FIRST }));
  return { path: values.DOCUMENT_TYPES, readBackFirstMs: values.READ_BACK_FIRST };
}

/** Does `work` with a connection to Temporal, and closes it. Throws `SettingsError`. */
export async function withTemporal<T>(env: Environment, work: (temporal: TemporalClient) => Promise<T>): Promise<T> {
  const temporal = openTemporal(orThrow(readTemporalSettings(env)));
  try {
    return await work(temporal);
  } finally {
    await temporal.connection.close();
  }
}

/** The database that `DOCUSIGN_SINK=postgres` means. Throws `SettingsError`. */
export async function sinkDatabase(env: Environment): Promise<SinkDatabase> {
  const { DATABASE_URL: url } = orThrow(readVariables(env, postgresDriver.variables));
  const { openDatabase } = await import('../../crm/database.js');
  const settings: DatabaseSettings = typeof url === 'string' ? { url } : { folder: resolve('data/crm') };
  return openDatabase(settings);
}

function orThrow<T>(read: Setting<T>): T {
  if (read.problems) throw new SettingsError(read.problems);
  return read.value;
}
