/** What all commands on deals share: their options, the way to the deals and its end. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { addCommand, answer, type Answer } from '../program.js';
import type { Terminal } from '../terminal.js';
import type { OpenDesk, OpenWay, WayOptions } from './way.js';

export interface DealsWorld {
  open: OpenWay;
  terminal: Terminal;
}

export interface DealOptions {
  json?: true;
  url?: string;
  as?: string;
}

export function dealCommand(deals: Command, usage: string, description: string): Command {
  return addCommand(deals, usage, description)
    .option('--url <address>', 'go through the gateway at this address (default: COUNTERSIGN_URL)', webAddress)
    .option('--as <name>', 'whom the timeline names (default: you, by the operating system)', line);
}

/** Which round of the deal, instead of the latest. */
export function roundOption(): Option {
  return new Option('--round <number>', 'an earlier round of the deal').argParser(wholeFrom(1, 100));
}

/** Opens the way, does the work, closes the way, and answers. */
export function atDesk(
  { open, terminal }: DealsWorld,
  options: DealOptions,
  work: (desk: OpenDesk) => Promise<Answer>,
  more: Pick<WayOptions, 'starting'> = {},
): Promise<void> {
  const { url, as } = options;
  return answer(
    options,
    async () => {
      const desk = await open({ ...(url !== undefined && { url }), ...(as !== undefined && { as }), ...more });
      return work(desk).finally(() => desk.close());
    },
    terminal,
  );
}

function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:\/\/[^/@?#]+[^@?#]*$/i.test(text)) return text;
  throw new InvalidArgumentError('It must be a web address (http: or https:) without user, query and fragment.');
}

export function line(text: string): string {
  if (text.trim() === '' || text.includes('\n'))
    throw new InvalidArgumentError('It must be one line that says something.');
  return text.trim();
}

export function wholeFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export function numberUpTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && number > 0 && number <= most) return number;
    throw new InvalidArgumentError(`It must be a number above 0 and at most ${most}.`);
  };
}
