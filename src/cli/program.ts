/** The frame of every command: `--json`, and the exit codes 0 done, 1 failed, 2 bad usage. */
import { Command, CommanderError } from 'commander';
import { failureOf } from './failure.js';
import { thisTerminal, type Terminal } from './terminal.js';

/** What a command has to say: `json` with `--json` (null: it has said all), else `text`. `ok` false means that it failed (exit code 1). */
export interface Answer {
  ok: boolean;
  json: object | null;
  text: string;
}

/** The command was not meant so: told on stderr, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function createProgram(): Command {
  return new Command('countersign')
    .description('Gets sales contracts drafted, reviewed, signed and filed.')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
}

/** A command below `parent`; its action ends with `answer`. */
export function addCommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'print one JSON object');
}

/**
 * Does the work of a command, prints its answer and sets the exit code. An error it throws is told in one line: on stderr, or as the JSON
 * object.
 */
export async function answer(
  options: { json?: true },
  work: () => Promise<Answer>,
  terminal: Terminal = thisTerminal(),
): Promise<void> {
  try {
    const { ok, json, text } = await work();
    if (!options.json) terminal.out(text);
    else if (json !== null) terminal.out(`${JSON.stringify(json)}\n`);
    terminal.exitCode(ok ? 0 : 1);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommanderError) throw error;
    const { json, text } = failureOf(error);
    if (options.json) terminal.out(`${JSON.stringify(json)}\n`);
    else terminal.err(`${text}\n`);
    terminal.exitCode(1);
  }
}

/** Runs the command that `argv` names. What cannot be understood is told on stderr, with exit code 2. */
export async function run(
  program: Command,
  argv: readonly string[],
  terminal: Terminal = thisTerminal(),
): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof UsageError) terminal.err(`error: ${error.message}\n(--help shows what there is)\n`);
    else if (!(error instanceof CommanderError)) throw error;
    terminal.exitCode(error instanceof CommanderError && error.exitCode === 0 ? 0 : 2);
  }
}
