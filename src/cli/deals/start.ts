/** `countersign deals start FILE|-` */
import type { Command } from 'commander';
import { failureOf, knownProblem } from '../failure.js';
import type { Answer } from '../program.js';
import type { Terminal } from '../terminal.js';
import { atDesk, dealCommand, type DealOptions, type DealsWorld } from './command.js';
import type { DealsDesk } from './gateway-desk.js';
import { readInput, readJsonValues } from './input.js';

type Start =
  | { ok: true; dealId: string; workflowId: string; started: boolean }
  | ({ ok: false; dealId: string; error: string } & Record<string, unknown>);

export function addStart(deals: Command, world: DealsWorld): void {
  dealCommand(deals, 'start', 'start a deal, or several: JSON as POST /deals takes it, a list of them, or one a line')
    .argument('<file>', 'the file; - for the standard input')
    .action((file: string, options: DealOptions) =>
      atDesk(
        world,
        options,
        async ({ desk }) => {
          const bodies = readJsonValues(await readInput(file, world.terminal));
          if (bodies.length === 0) throw new Error(`${file} holds no deal`);
          return startAll(desk, bodies, options, world.terminal);
        },
        { starting: true },
      ),
    );
}

/** When so many in a row get no answer, the others would not either, and each would take its full time. */
const GIVE_UP_AFTER = 3;

async function startAll(
  desk: DealsDesk,
  bodies: readonly unknown[],
  options: DealOptions,
  terminal: Terminal,
): Promise<Answer> {
  const starts: Start[] = [];
  let silent = 0;
  for (const [index, body] of bodies.entries()) {
    const dealId = nameOf(body, index);
    const start: Start =
      silent < GIVE_UP_AFTER ? await startOne(desk, body, dealId) : { ok: false, dealId, error: 'not tried' };
    silent = !start.ok && Number(start['status']) >= 500 ? silent + 1 : start.ok ? 0 : silent;
    starts.push(start);
    if (!options.json) (start.ok ? terminal.out : terminal.err)(`${wordsOn(start)}\n`);
  }
  const failed = starts.filter(({ ok }) => !ok).length;
  const text = bodies.length > 1 ? `${bodies.length - failed} of ${bodies.length} deals are under way.\n` : '';
  const [only] = starts;
  const json = bodies.length === 1 && only ? only : { ok: failed === 0, deals: starts };
  return { ok: failed === 0, json, text };
}

async function startOne(desk: DealsDesk, body: unknown, dealId: string): Promise<Start> {
  try {
    return { ok: true, dealId, ...(await desk.start(body)) };
  } catch (error) {
    // Only what a desk answers is of this deal; anything else would meet every one.
    if (!knownProblem(error)) throw error;
    return { ...failureOf(error).json, dealId };
  }
}

function nameOf(body: unknown, index: number): string {
  const dealId = typeof body === 'object' && body !== null && 'dealId' in body ? body.dealId : undefined;
  return typeof dealId === 'string' && /^[\w.:-]+$/.test(dealId) ? dealId : `deal ${index + 1}`;
}

function wordsOn(start: Start): string {
  if (!start.ok) return `${start.dealId}  failed: ${start.error}`;
  const { dealId, started, workflowId } = start;
  return `${dealId}  ${started ? 'started' : 'was open already'}: ${workflowId}`;
}
