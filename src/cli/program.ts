/** The frame of every command: `--json`, and the exit codes 0 done, 1 failed, 2 bad usage. */
import { Command, CommanderError } from 'commander';
import { wordsOf } from './check.js';

/** What a command has to say: `json` with `--json`, else `text`. `ok` false means that it failed (exit code 1). */
export interface Answer {
  ok: boolean;
  json: object;
  text: string;
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

/** Does the work of a command, prints its answer and sets the exit code. An error it throws is told in one line. */
export async function answer(options: { json?: true }, work: () => Promise<Answer>): Promise<void> {
  const { ok, json, text } = await work().catch((error: unknown): Answer => {
    const said = wordsOf(error);
    return { ok: false, json: { ok: false, error: said }, text: `Failed: ${said}\n` };
  });
  process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : text);
  process.exitCode = ok ? 0 : 1;
}

/** Runs the command that `argv` names. What cannot be understood is told on stderr, with exit code 2. */
export async function run(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
