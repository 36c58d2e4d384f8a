/** `countersign deals backfill`: starts the deals that wait for their contract in the CRM and have no run. */
import type { Command } from 'commander';
import { CrmError } from '../../crm/crm.js';
import type { ConfiguredCrm } from '../../crm/driver.js';
import type { CrmIntake } from '../../crm/intake.js';
import { carryOut, planFor, type Plan, type Taking } from '../../crm/taking.js';
import { createDealDoor } from '../../gateway/deal-door.js';
import { discreet, printable } from '../discreet.js';
import type { Answer } from '../program.js';
import { barOn } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { atDesk, dealCommand, type DealOptions, type DealsWorld } from './command.js';
import type { DealsDesk } from './gateway-desk.js';
import { tableOf } from './words.js';

interface BackfillOptions extends DealOptions {
  dryRun?: true;
}

interface Row {
  dealId: string;
  /** What was done, or would be. */
  result: Taking['result'] | 'start' | 'cancel' | 'explain' | 'failed';
  why?: string;
}

/** `crm` reads the settings of the CRM; it throws `SettingsError`. */
export function addBackfill(deals: Command, world: DealsWorld, crm: () => ConfiguredCrm): void {
  dealCommand(deals, 'backfill', 'start the deals that wait for their contract in the CRM and have no run')
    .option('--dry-run', 'only say what would be done, deal by deal')
    .action((options: BackfillOptions) =>
      atDesk(
        world,
        options,
        async ({ desk }) => {
          const { crm: opened, intake } = await crm().open();
          return backfill(desk, intake, options, world.terminal).finally(() => opened.close());
        },
        { starting: true },
      ),
    );
}

async function backfill(
  desk: DealsDesk,
  intake: CrmIntake,
  { dryRun, json }: BackfillOptions,
  terminal: Terminal,
): Promise<Answer> {
  const door = createDealDoor(desk);
  const dealIds = await allWanting(intake);
  const bar = barOn(terminal.screen, dealIds.length);
  const rows: Row[] = [];
  let failures = 0;
  try {
    for (const dealId of dealIds) {
      const row = rowOf(dealId, await taken(dealId));
      failures = row.result === 'failed' ? failures + 1 : 0;
      rows.push(row);
      bar.show(rows.length);
      if (!json && !dryRun && !bar.shows) terminal.out(`${wordsOn(row)}\n`);
      if (failures === GIVE_UP_AFTER) break;
    }
  } finally {
    bar.clear();
  }
  const refused = rows.filter(({ result }) => result === 'refused').length;
  const failed = rows.filter(({ result }) => result === 'failed').length;
  const started = rows.filter(({ result }) => result === 'started' || result === 'start').length;
  const left = dealIds.length - rows.length;
  const stopped =
    left > 0 ? `Stopped with ${left} left: the CRM could not be asked about ${GIVE_UP_AFTER} in a row.\n` : '';
  const count = `${started} of ${dealIds.length} waiting deals`;
  const summary = `${dryRun ? `${count} would be started. Nothing was done.` : `${count} were started.`}\n${stopped}`;
  const text = dryRun ? `${tableOf(['DEAL', 'WOULD', 'WHY'], rows.map(cellsOf), terminal.columns)}${summary}` : summary;
  const ok = refused === 0 && failed === 0;
  return { ok, json: { ok, dryRun: dryRun ?? false, started, left, deals: rows }, text };

  async function taken(dealId: string): Promise<Omit<Row, 'dealId'>> {
    try {
      const plan = await planFor(intake, door, dealId);
      return dryRun ? foretold(plan) : await carryOut(plan, intake, door, dealId);
    } catch (error) {
      // What the CRM says of one deal holds up no other.
      if (error instanceof CrmError) return { result: 'failed', why: error.message };
      throw error;
    }
  }
}

/** When so many in a row cannot be read or written, it is the CRM and not the deals. */
const GIVE_UP_AFTER = 3;

async function allWanting(intake: CrmIntake): Promise<string[]> {
  const found = new Set<string>();
  for (let cursor: string | undefined; ;) {
    const { dealIds, next } = await intake.wanting(cursor);
    for (const dealId of dealIds) found.add(dealId);
    if (next === null) return [...found];
    cursor = next;
  }
}

/** What the gateway's checks or another system said goes no further than it is fit for. */
function rowOf(dealId: string, { result, why }: Omit<Row, 'dealId'>): Row {
  return { dealId: printable(dealId), result, ...(why !== undefined && { why: discreet(why) }) };
}

function foretold(plan: Plan): Omit<Row, 'dealId'> {
  switch (plan.kind) {
    case 'leave':
      return { result: plan.because };
    case 'start':
      return { result: 'start' };
    case 'cancel':
    case 'explain':
      return { result: plan.kind, why: plan.why };
  }
}

const WORDS: Record<Row['result'], string> = {
  start: 'start',
  started: 'started',
  open: 'nothing: its contract is under way',
  ended: 'nothing: its contract is signed',
  other: 'nothing: it no longer wants a contract',
  cancel: 'cancel',
  cancelled: 'cancelled',
  explain: 'refuse',
  refused: 'refused',
  failed: 'failed',
};

function cellsOf({ dealId, result, why = '' }: Row): string[] {
  return [dealId, WORDS[result], why];
}

function wordsOn({ dealId, result, why }: Row): string {
  return `${dealId}\t${WORDS[result]}${why === undefined ? '' : `: ${why}`}`;
}
