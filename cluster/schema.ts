/** Temporal's databases and their tables, made and brought to the server's version by its own tool. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { LOOPBACK } from './configuration.js';
import { onServer } from './postgres.js';
import type { TemporalBuild } from './temporal-build.js';

const run = promisify(execFile);
/** Folder of the tables, by database. */
const DATABASES = { temporal: 'temporal', temporal_visibility: 'visibility' } as const;

/** Safe to repeat: what is up to date stays as it is. `url`: the superuser's, of the database `postgres`. */
export async function prepareDatabases(build: TemporalBuild, url: string, port: number): Promise<void> {
  const exists = async (query: string): Promise<boolean> => (await onServer(url, query)).rowCount !== 0;
  if (!(await exists("SELECT 1 FROM pg_roles WHERE rolname = 'temporal'"))) {
    await onServer(url, 'CREATE ROLE temporal LOGIN');
  }
  for (const [database, tables] of Object.entries(DATABASES)) {
    if (!(await exists(`SELECT 1 FROM pg_database WHERE datname = '${database}'`))) {
      await onServer(url, `CREATE DATABASE ${database} OWNER temporal`);
    }
    const tool = (...args: string[]): Promise<unknown> => runTool(build.sqlTool, port, database, args);
    await tool('setup-schema', '--version', '0.0');
    await tool('update-schema', '--schema-dir', join(build.schemas, tables, 'versioned'));
  }
}

async function runTool(tool: string, port: number, database: string, args: readonly string[]): Promise<void> {
  const where = ['--plugin', 'postgres12', '--endpoint', LOOPBACK, '--port', String(port), '--user', 'temporal'];
  try {
    await run(tool, [...where, '--database', database, ...args], { env: cleanEnvironment(process.env, false) });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? `${String(error.stderr)}` : String(error);
    throw new Error(
      `Temporal's schema tool failed (${args[0]} of ${database}):\n${said.trim().split('\n').slice(-5).join('\n')}`,
    );
  }
}
