/** `countersign deals approve | reject | cancel | amend | resume | remind ID` */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Action, MessageName } from '../../deal/messages.js';
import type { TellAnswer } from '../../gateway/desk.js';
import { Problem } from '../../gateway/problem.js';
import { knownProblem } from '../failure.js';
import { UsageError } from '../program.js';
import { atDesk, dealCommand, line, wholeFrom, type DealOptions, type DealsWorld } from './command.js';
import { readInput, readJson } from './input.js';

interface TellOptions extends DealOptions {
  key?: string;
  note?: string;
  reason: string;
  fieldsVersion?: number;
  parties?: string;
  document?: string;
}

export function addMessages(deals: Command, world: DealsWorld): void {
  const noted = ({ note }: TellOptions) => (note === undefined ? {} : { note });
  const review =
    (decision: 'approve' | 'reject') =>
    async (options: TellOptions): Promise<object> => {
      const { fieldsVersion } = options;
      return { decision, ...(fieldsVersion !== undefined && { fieldsVersion }), ...noted(options) };
    };
  const NOTE = ['--note <text>', 'a word for the timeline'] as const;
  const VERSION = ['--fields-version <number>', 'the version of the fields that you looked at'] as const;

  add('approve', 'review', 'approve the draft: it is sent to the signers', review('approve'))
    .option(...NOTE, line)
    .option(...VERSION, wholeFrom(0, 1_000_000));
  add('reject', 'review', 'reject the draft: the deal waits until it is amended or cancelled', review('reject'))
    .option(...NOTE, line)
    .option(...VERSION, wholeFrom(0, 1_000_000));
  add('cancel', 'cancel', 'end the deal, and void what is out', async ({ reason }) => ({ reason })).requiredOption(
    '--reason <text>',
    'why',
    line,
  );
  add('amend', 'amend', 'replace parties or document by a new draft; what is out is voided', amended)
    .requiredOption('--reason <text>', 'why', line)
    .option('--parties <file>', 'the new parties, as a JSON list; - for the standard input')
    .option('--document <uri>', 'the new document, by its uri', line);
  add('resume', 'resume', 'let a blocked deal try again', async (options) => noted(options)).option(...NOTE, line);
  add('remind', 'remind', 'remind the signer whose turn it is', async () => ({}));

  async function amended({ reason, parties, document }: TellOptions): Promise<object> {
    if (parties === undefined && document === undefined) throw new UsageError('amend needs --parties or --document');
    return {
      reason,
      ...(document !== undefined && { document: { uri: document } }),
      ...(parties !== undefined && { parties: readJson(await readInput(parties, world.terminal)) }),
    };
  }

  function add(
    action: Action,
    message: MessageName,
    description: string,
    bodyOf: (options: TellOptions) => Promise<object>,
  ): Command {
    return dealCommand(deals, action, description)
      .argument('<id>', 'the deal’s id')
      .option('--key <key>', 'the same key again counts once (default: a new one)', line)
      .action((dealId: string, options: TellOptions) =>
        atDesk(world, options, async ({ desk }) => {
          const body = await bodyOf(options);
          const { key = randomUUID() } = options;
          const told = await desk.tell(dealId, message, body, key).catch((error: unknown) => {
            throw repeatable(error, key);
          });
          const result = resultOf(told);
          const json = { ok: true, dealId, action, result, workflowId: told.workflowId };
          return { ok: true, json, text: `${dealId}  ${action} ${WORDS[result]}\n` };
        }),
      );
  }
}

export type Result = 'taken' | 'repeat' | 'queued';

export function resultOf(told: TellAnswer): Result {
  if (told.queued) return 'queued';
  return told.repeat ? 'repeat' : 'taken';
}

const WORDS: Record<Result, string> = {
  taken: 'taken',
  repeat: 'was taken before: nothing changes',
  queued: 'queued: the deal is in the midst of a step, its timeline will tell what became of it',
};

/** Of a message that may have arrived all the same, how to send it again so that it counts once. */
function repeatable(error: unknown, key: string): unknown {
  const problem = knownProblem(error);
  if (!problem || problem.status < 500) return error;
  const { status, kind, message, extras, headers } = problem;
  return new Problem(status, kind, `${message} To send it again: the same command with --key ${key}`, extras, headers);
}
