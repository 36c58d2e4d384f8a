/** `npm run setup`: makes a Temporal namespace and a database ready for deals. Safe to repeat; says what it did. */
import type { Connection } from '@temporalio/client';
import { readDatabaseSettings, readSetupSettings, SettingsError } from './config.js';
import { migrated } from './crm/postgres-driver.js';
import { ensureBackfill } from './temporal/backfill-schedule.js';
import { ensureFeedSchedules } from './temporal/feed-schedules.js';
import { openTemporal } from './temporal/connection.js';
import { ensureNamespace, ensureSearchAttributes } from './temporal/search-attributes.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const settings = readSetupSettings(process.env);
  const { namespace } = settings.temporal;
  const { client, connection } = openTemporal(settings.temporal);
  try {
    await reach(connection, settings.temporal.connectionOptions.address ?? 'localhost:7233');
    const { created, retentionDays } = await ensureNamespace(connection, namespace);
    say(created ? `namespace ${namespace}: made` : `namespace ${namespace}: there already`);
    if (retentionDays < 30) {
      say(
        `  it forgets ended deals after ${retentionDays * 24} hours, and with them that they must not start again; to raise it: ` +
          `temporal operator namespace update --retention 30d ${namespace}`,
      );
    }
    const added = await ensureSearchAttributes(connection, namespace);
    say(added.length > 0 ? `search attributes: registered ${added.join(', ')}` : 'search attributes: there already');
    say(await ensureBackfill(client, settings.taskQueue, settings.backfillEveryMs));
    for (const line of await ensureFeedSchedules(client, settings.taskQueue, settings.docusign?.feeds ?? [])) say(line);
  } finally {
    await connection.close();
  }

  const { crm, docusign } = settings;
  const kept = docusign !== null && docusign.feeds.length > 0 && docusign.sink.kind === 'postgres';
  // The rows of the feeds are in the same tables' company, whatever the CRM is.
  const prepared = (await crm.prepare?.()) ?? (kept ? await migrated(readDatabaseSettings(process.env)) : undefined);
  say(prepared ?? `database: none needed with CRM=${crm.name}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof SettingsError ? '' : 'Set-up stopped: '}${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function reach(connection: Connection, address: string): Promise<void> {
  try {
    await connection.ensureConnected();
  } catch (error) {
    throw new Error(`Temporal at ${address} does not answer: start it, or check TEMPORAL_ADDRESS`, { cause: error });
  }
}

/** Temporal's client says the general in the error and the particular in its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
