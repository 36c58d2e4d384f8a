/** `countersign deals watch ID` */
import { Option, type Command } from 'commander';
import { FINAL_STAGES, OPEN_STAGES, type Stage } from '../../deal/stages.js';
import { discreet, discreetName } from '../discreet.js';
import type { Answer } from '../program.js';
import { atDesk, dealCommand, roundOption, type DealOptions, type DealsWorld } from './command.js';
import { entryLine } from './show.js';
import { watch, type Change, type Watched, type WatchParts } from './watch.js';
import { timeOf } from './words.js';

interface WatchOptions extends DealOptions {
  round?: number;
  until?: Stage;
}

export function addWatch(deals: Command, world: DealsWorld, pauses?: WatchParts['pauses']): void {
  const { terminal } = world;
  dealCommand(deals, 'watch', 'follow a deal to its end: exit code 0 when it is completed, 1 at any other end')
    .argument('<id>', 'the deal’s id')
    .addOption(roundOption())
    .addOption(
      new Option('--until <stage>', 'until it has come to this stage (exit code 0)').choices([
        ...OPEN_STAGES,
        ...FINAL_STAGES,
      ]),
    )
    .action((dealId: string, options: WatchOptions) =>
      atDesk(world, options, async ({ desk }) => {
        const { signal, release } = terminal.interruption();
        const { round, until, json } = options;
        const tell = (change: Change): void => {
          const told = discreetChange(change);
          if (json) return terminal.out(`${JSON.stringify(told)}\n`);
          const aside = told.change === 'outage' || told.change === 'back';
          (aside ? terminal.err : terminal.out)(`${wordsOn(told)}\n`);
        };
        const watched = await watch({
          ...{ desk, dealId, tell, signal },
          ...(round !== undefined && { round }),
          ...(until !== undefined && { until }),
          ...(pauses && { pauses }),
        }).finally(release);
        return endOf(dealId, watched);
      }),
    );
}

function discreetChange(change: Change): Change {
  switch (change.change) {
    case 'entry':
      return { ...change, what: discreet(change.what), by: discreetName(change.by) };
    case 'state':
      return { ...change, blocked: change.blocked && { ...change.blocked, detail: discreet(change.blocked.detail) } };
    case 'outage':
      return { ...change, why: discreet(change.why) };
    case 'back':
      return change;
  }
}

function wordsOn(change: Change): string {
  switch (change.change) {
    case 'entry':
      return entryLine(change);
    case 'state': {
      const { stage, since, waitingFor, blocked } = change;
      const still = blocked ? `, blocked (${blocked.reason})` : '';
      return `${timeOf(since)}  = ${stage}${still}${waitingFor === null ? '' : `: waits for ${waitingFor}`}`;
    }
    case 'outage':
      return `The deal cannot be asked, trying on: ${change.why}`;
    case 'back':
      return 'The deal can be asked again.';
  }
}

/** With --json the last line, as everything before it. */
function endOf(dealId: string, watched: Watched): Answer {
  switch (watched.end) {
    case 'interrupted':
      return { ok: false, json: { ok: false, end: 'interrupted', stage: null }, text: '' };
    case 'reached':
    case 'ended': {
      const { end, stage } = watched;
      const ok = end === 'reached';
      return {
        ok,
        json: { ok, end, stage },
        text: ok ? `${dealId} is ${stage}.\n` : `${dealId} has ended: ${stage}.\n`,
      };
    }
  }
}
