/** `countersign deals bulk ACTION --query Q` */
import { createHash, randomUUID } from 'node:crypto';
import { Argument, type Command } from 'commander';
import { barOn } from '../progress.js';
import { UsageError, type Answer } from '../program.js';
import type { Terminal } from '../terminal.js';
import { actOnAll, BULK_ACTIONS, remaining, type BulkAction, type Outcome } from './bulk.js';
import { summary } from './bulk-summary.js';
import { atDesk, dealCommand, line, numberUpTo, type DealOptions, type DealsWorld } from './command.js';
import { prospects } from './dry-run.js';
import { openJournal, readJournal, type Journal } from './journal.js';
import { listUpTo } from './list.js';
import { tableOf } from './words.js';
import type { OpenDesk } from './way.js';

export interface BulkOptions extends DealOptions {
  query: string;
  dryRun?: true;
  yes?: true;
  rate: number;
  journal?: string;
  again?: true;
  reason?: string;
  note?: string;
}

const MOST = 1_000_000;

export function addBulk(deals: Command, world: DealsWorld): void {
  dealCommand(deals, 'bulk', 'act on every open deal that a query finds; contracts are approved one by one, not here')
    .addArgument(new Argument('<action>', 'what to do').choices(BULK_ACTIONS))
    .requiredOption('--query <query>', 'a list filter of Temporal’s, such as "DealBlocked = \'crm-unavailable\'"', line)
    .option('--dry-run', 'only say what would be done, deal by deal')
    .option('--yes', 'act without asking; needed where nobody can be asked')
    .option('--rate <number>', 'deals a second', numberUpTo(1000), 5)
    .option('--journal <file>', 'where it keeps what is done (default: countersign-bulk-….jsonl in this folder)', line)
    .option('--again', 'begin anew although the journal says that all is done')
    .option('--reason <text>', 'why (cancel needs it)', line)
    .option('--note <text>', 'a word for the timelines (resume)', line)
    .action((action: BulkAction, options: BulkOptions) =>
      atDesk(world, options, (open) => bulk(action, options, open, world.terminal)),
    );
}

async function bulk(
  action: BulkAction,
  options: BulkOptions,
  { desk, identity }: OpenDesk,
  terminal: Terminal,
): Promise<Answer> {
  const body = bodyOf(action, options);
  const command = digest(action, options.query, JSON.stringify(body));
  const path = options.journal ?? `countersign-bulk-${command.slice(0, 12)}.jsonl`;
  const of = digest(command, identity);

  const kept = await readJournal(path);
  if (kept && kept.head.of !== of) {
    throw new UsageError(
      `${path} is the journal of another bulk action, or of the same one elsewhere or in another name: name another file with --journal`,
    );
  }
  const begun = kept && !(options.again && remaining(kept).length === 0) ? kept : null;
  const query = { query: options.query, open: true };
  const dealIds = begun
    ? remaining(begun)
    : [...new Set((await listUpTo(desk, query, MOST)).deals.map(({ dealId }) => dealId))];

  if (dealIds.length === 0) return nothingToDo(action, begun, path);
  if (options.dryRun) return foretell(dealIds);
  await confirm(action, dealIds.length, begun, options, terminal);
  return act(dealIds);

  async function foretell(dealIds: readonly string[]): Promise<Answer> {
    const bar = barOn(terminal.screen, dealIds.length);
    const found = await prospects(desk, action, dealIds, bar.show).finally(bar.clear);
    const possible = found.filter((prospect) => prospect.possible).length;
    const rows = found.map(({ dealId, possible, standing }) => [
      dealId,
      possible === null ? 'unknown' : possible ? action : 'not now',
      standing,
    ]);
    const unknown = found.filter((prospect) => prospect.possible === null).length;
    const silent = unknown > 0 ? `, ${unknown} did not answer` : '';
    const count = `${action} is possible now for ${possible} of ${dealIds.length} deals${silent}. Nothing was done.\n`;
    const text = `${tableOf(['DEAL', 'WOULD', 'STANDS'], rows, terminal.columns)}${count}`;
    return { ok: unknown === 0, json: { ok: unknown === 0, action, dryRun: true, possible, deals: found }, text };
  }

  async function act(dealIds: readonly string[]): Promise<Answer> {
    const journalId = begun?.head.journal ?? randomUUID();
    const journal = await openJournal(path);
    const { signal, release } = terminal.interruption();
    const bar = barOn(terminal.screen, dealIds.length);
    const outcomes: Outcome[] = [];
    try {
      if (!begun) {
        const at = new Date().toISOString();
        await journal.write({ journal: journalId, of, action, query: options.query, at, deals: [...dealIds] });
      }
      bar.show(0);
      const ending = await actOnAll({
        ...{ desk, action, body, journalId, journal, dealIds, signal },
        rate: options.rate,
        tell(outcome) {
          outcomes.push(outcome);
          bar.show(outcomes.length);
          if (!options.json && !bar.shows) terminal.out(`${wordsOn(outcome)}\n`);
        },
      });
      bar.clear();
      return summary({ action, outcomes, ending, path, left: dealIds.length - outcomes.length });
    } finally {
      bar.clear();
      release();
      await journal.close();
    }
  }
}

function bodyOf(action: BulkAction, { reason, note }: BulkOptions): object {
  if (reason !== undefined && action !== 'cancel') throw new UsageError(`--reason is not for ${action}`);
  if (note !== undefined && action !== 'resume') throw new UsageError(`--note is not for ${action}`);
  if (action !== 'cancel') return note === undefined ? {} : { note };
  if (reason === undefined) throw new UsageError('cancel needs --reason');
  return { reason };
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function nothingToDo(action: BulkAction, begun: Journal | null, path: string): Answer {
  const json = { ok: true, action, deals: 0, finished: begun !== null, journal: begun && path };
  if (!begun) return { ok: true, json, text: 'The query finds no open deals: nothing to do.\n' };
  const text = `This was done before, all ${begun.head.deals.length} deals of it, as ${path} tells. To ask the list anew: --again\n`;
  return { ok: true, json, text };
}

async function confirm(
  action: BulkAction,
  count: number,
  begun: Journal | null,
  options: BulkOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.yes) return;
  const before = begun ? `${begun.head.deals.length - count} of ${begun.head.deals.length} deals are done. ` : '';
  const typed = await terminal.ask(`${before}To ${action} ${count} deals, type their number: `);
  if (typed === null) throw new UsageError(`${count} deals would be acted on, and nobody can be asked: add --yes`);
  if (typed.trim() !== String(count)) throw new Error('not confirmed, so nothing was done');
}

function wordsOn({ dealId, result, why }: Outcome): string {
  return `${dealId}\t${result}${why === undefined ? '' : `\t${why}`}`;
}
