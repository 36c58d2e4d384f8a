/** `countersign deals list` */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { isRefusal, REFUSALS } from '../../deal/refusals.js';
import { FINAL_STAGES, isFinal, OPEN_STAGES, type Stage } from '../../deal/stages.js';
import type { DealFilter, DealLine } from '../../gateway/deal-list.js';
import { printable } from '../discreet.js';
import { atDesk, dealCommand, line, wholeFrom, type DealOptions, type DealsWorld } from './command.js';
import type { DealsDesk } from './gateway-desk.js';
import { ageOf, ago, tableOf } from './words.js';

interface ListOptions extends DealOptions {
  stage?: Stage;
  blocked?: NonNullable<DealFilter['blocked']>;
  type?: string;
  tenant?: string;
  olderThan?: string;
  query?: string;
  all?: true;
  limit: number;
}

export function addList(deals: Command, world: DealsWorld): void {
  dealCommand(deals, 'list', 'list deals, newest first; those that are open unless others are asked for')
    .addOption(new Option('--stage <stage>', 'in this stage').choices([...OPEN_STAGES, ...FINAL_STAGES]))
    .addOption(new Option('--blocked [reason]', 'that stand still, for any reason or for this one').argParser(refusal))
    .option('--type <type>', 'of this document type', line)
    .option('--tenant <tenant>', 'of this tenant', line)
    .option('--older-than <duration>', 'in their stage for longer, such as 2d or "3 hours"', since)
    .option('--query <query>', 'that a list filter of Temporal’s finds, too', line)
    .option('--all', 'ended ones too')
    .option('--limit <number>', 'at most so many', wholeFrom(1, 1_000_000), 100)
    .action((options: ListOptions) =>
      atDesk(world, options, async ({ desk }) => {
        const { deals: found, more } = await listUpTo(desk, filterOf(options), options.limit);
        const { terminal } = world;
        if (!options.json) terminal.out(textOf(found, terminal.columns));
        if (!options.json && more) terminal.err(`There are more: see --limit (${options.limit}).\n`);
        return { ok: true, json: { ok: true, deals: found, more }, text: '' };
      }),
    );
}

/** Deals of all pages until there are `limit`. A deal that moves while they are read may show twice; it is listed once. */
export async function listUpTo(
  desk: DealsDesk,
  filter: DealFilter,
  limit: number,
): Promise<{ deals: DealLine[]; more: boolean }> {
  const found = new Map<string, DealLine>();
  let cursor: string | undefined;
  do {
    const size = Math.min(1000, Math.max(limit - found.size, 1));
    const page = await desk.list({ ...filter, limit: size, ...(cursor !== undefined && { cursor }) });
    for (const deal of page.deals) if (!found.has(deal.workflowId)) found.set(deal.workflowId, deal);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && found.size < limit);
  const deals = [...found.values()];
  return { deals: deals.slice(0, limit), more: cursor !== undefined || deals.length > limit };
}

function filterOf({ stage, blocked, type, tenant, olderThan, query, all }: ListOptions): DealFilter {
  const ended = all === true || (stage !== undefined && isFinal(stage));
  return {
    ...(stage !== undefined && { stage }),
    ...(blocked !== undefined && { blocked }),
    ...(type !== undefined && { documentType: type }),
    ...(tenant !== undefined && { tenant }),
    ...(olderThan !== undefined && { since: olderThan }),
    ...(query !== undefined && { query }),
    ...(!ended && { open: true }),
  };
}

function refusal(reason: string): NonNullable<DealFilter['blocked']> {
  if (isRefusal(reason)) return reason;
  throw new InvalidArgumentError(`It must be one of ${Object.keys(REFUSALS).join(', ')}, or left out.`);
}

function since(duration: string): string {
  const instant = ago(duration, Date.now());
  if (instant !== undefined) return instant;
  throw new InvalidArgumentError('It must be a duration with its unit, such as 2d or "3 hours".');
}

/** On a terminal what a person looks for; elsewhere columns that stay as they are. */
function textOf(deals: readonly DealLine[], columns: number | null): string {
  if (columns !== null && deals.length === 0) return 'No deals.\n';
  const now = Date.now();
  const rows = deals.map((deal) => {
    const { dealId, round, stage, blocked, documentType, since, envelopeId, workflowId, reviewDue } = deal;
    if (columns === null) {
      const cells = [dealId, String(round), stage, blocked, documentType, since, envelopeId, workflowId];
      return cells.map((cell) => printable(cell ?? '-'));
    }
    const overdue = reviewDue !== null && Date.parse(reviewDue) < now ? ' (review overdue)' : '';
    const named = `${dealId}${round > 1 ? ` (round ${round})` : ''}`;
    const age = since === null ? '-' : ageOf(since, now);
    return [named, stage ?? '-', age, `${blocked ?? '-'}${overdue}`, printable(documentType ?? '-'), envelopeId ?? '-'];
  });
  return tableOf(['DEAL', 'STAGE', 'FOR', 'BLOCKED', 'TYPE', 'ENVELOPE'], rows, columns);
}
