import { InvalidArgumentError, type Command } from 'commander';
import { readDocusignSettings, type Environment } from '../../config.js';
import { readDuration } from '../../config/duration.js';
import { readCustomerEvents } from '../../docusign/sinks/reading.js';
import { line, wholeFrom } from '../deals/command.js';
import { addCommand, answer, type Answer } from '../program.js';
import type { Terminal } from '../terminal.js';
import { shadowReports, typesOfEnvelopes } from './asked.js';
import { sumUp, tellCompared } from './compare.js';
import { inventoryOf, tellInventory } from './inventory.js';
import { ramp, rollback } from './ramp.js';
import { tellVerdict, verdictOf } from './revoke.js';
import { revokeFacts } from './revoke-facts.js';
import { sinkDatabase, withTemporal } from './settings.js';

interface Options {
  json?: true;
}

const DAY_MS = 24 * 3_600_000;
const REPORTS_READ = 5_000;

/** `countersign migrate …`: from one provider to the other, a share at a time, and back. */
export function addMigrateCommands(program: Command, env: Environment, terminal: Terminal): void {
  const migrate = program.command('migrate').description('move document types from DocuSign to Atlas, and back');
  const telling = (options: Options, work: () => Promise<Answer>): Promise<void> => answer(options, work, terminal);

  addCommand(
    migrate,
    'inventory',
    'what still uses DocuSign, out of its customer events: by day, user and document type',
  )
    .option('--days <number>', 'how far back', wholeFrom(1, 365), 30)
    .option('--key <integration key>', 'only what was done with this key', guid)
    .action((options: Options & { days: number; key?: string }) =>
      telling(options, () => inventory(env, options.days, options.key)),
    );

  addCommand(migrate, 'compare', 'how drafts at Atlas compare with those at DocuSign, by document type')
    .argument('[type]', 'only this document type', line)
    .option('--since <time>', 'drafts from then on: a duration (7d, 12 hours) or a date', momentOf)
    .action((type: string | undefined, options: Options & { since?: Date }) =>
      telling(options, () => compare(env, type, options.since ?? new Date(Date.now() - 30 * DAY_MS))),
    );

  addCommand(migrate, 'ramp', 'give Atlas this share of the type’s new deals, and DocuSign the rest')
    .argument('<type>', 'a document type', line)
    .argument('<percent>', 'of new deals, 0 to 100', wholeFrom(0, 100))
    .option('--dry-run', 'change nothing')
    .action((type: string, percent: number, options: Options & { dryRun?: true }) =>
      telling(options, () => ramp(env, type, { percent, dryRun: options.dryRun === true })),
    );

  addCommand(migrate, 'rollback', 'let all new deals of the type go by DocuSign again')
    .argument('<type>', 'a document type', line)
    .option('--dry-run', 'change nothing')
    .action((type: string, options: Options & { dryRun?: true }) =>
      telling(options, () => rollback(env, type, { dryRun: options.dryRun === true })),
    );

  addCommand(migrate, 'revoke-check', 'whether an integration key can be revoked, and what stands in the way')
    .argument('<key>', 'the integration key', guid)
    .option(
      '--envelopes <number>',
      'contracts of each type that Atlas must have brought to a clean end',
      wholeFrom(1, 10_000),
      20,
    )
    .option('--days <number>', 'how long the key must not have been used', wholeFrom(1, 365), 30)
    .action((key: string, options: Options & { envelopes: number; days: number }) =>
      telling(options, () => revokeCheck(env, key, options.envelopes, options.days)),
    );
}

async function inventory(env: Environment, days: number, key: string | undefined): Promise<Answer> {
  const { sink, integrationKey: ownKey } = readDocusignSettings(env);
  const to = new Date();
  const from = new Date(to.getTime() - days * DAY_MS);
  const rows = readCustomerEvents(sink, { database: () => sinkDatabase(env) }, { from, to });
  const found = await inventoryOf(rows, {
    ...{ from, to, ownKey },
    ...(key !== undefined && { key }),
    typesOf: (ids) => withTemporal(env, (temporal) => typesOfEnvelopes(temporal, ids)),
  });
  return { ok: true, json: { ok: true, ...found }, text: tellInventory(found, key) };
}

async function compare(env: Environment, type: string | undefined, since: Date): Promise<Answer> {
  const asked = { since, most: REPORTS_READ, ...(type !== undefined && { type }) };
  const compared = sumUp(await withTemporal(env, (temporal) => shadowReports(temporal, asked)), since);
  return { ok: compared.ok, json: compared, text: tellCompared(compared) };
}

async function revokeCheck(env: Environment, key: string, envelopes: number, days: number): Promise<Answer> {
  const demands = { key, envelopes, days };
  const facts = await revokeFacts(env, demands);
  const verdict = verdictOf(facts, demands);
  return { ok: verdict.ok, json: { ...verdict, ...demands, facts }, text: tellVerdict(verdict, demands) };
}

function guid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be an integration key: a GUID.');
}

function momentOf(text: string): Date {
  const ago = readDuration(text);
  const time = ago === undefined && /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Date.now() - (ago ?? NaN);
  if (!Number.isNaN(time)) return new Date(time);
  throw new InvalidArgumentError('It must be a duration such as 7d or "12 hours", or a date such as 2026-01-31.');
}
