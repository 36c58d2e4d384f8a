import { InvalidArgumentError, type Command } from 'commander';
import { readDuration } from '../../config/duration.js';
import { atDesk, dealCommand, line, type DealOptions, type DealsWorld } from '../deals/command.js';
import { progressOn } from '../progress.js';
import { reportOn, tableOf } from './report.js';

interface Options extends DealOptions {
  since: Date;
  type?: string;
}

/** `countersign report`: what a pilot is judged by, asked of the deals themselves. */
export function addReportCommand(program: Command, world: DealsWorld): void {
  dealCommand(program, 'report', 'the numbers of a pilot: times, webhooks, interventions, credits')
    .requiredOption('--since <time>', 'deals that started from then on: a duration (7d, 12 hours) or a date', startOf)
    .option('--type <document type>', 'only deals of this document type', line)
    .action((options: Options) =>
      atDesk(world, options, async ({ desk }) => {
        const { since, type } = options;
        const report = await reportOn(desk, {
          since,
          ...(type !== undefined && { documentType: type }),
          progress: progressOn(process.stderr, 'deals asked'),
        });
        return { ok: report.unanswered.length === 0, json: report, text: tableOf(report) };
      }),
    );
}

function startOf(text: string): Date {
  const ago = readDuration(text);
  const time = ago === undefined && /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Date.now() - (ago ?? NaN);
  if (!Number.isNaN(time)) return new Date(time);
  throw new InvalidArgumentError('It must be a duration such as 7d or "12 hours", or a date such as 2026-01-31.');
}
