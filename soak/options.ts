import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface Options {
  deals: number;
  /** Of the calls, the webhooks and the CRM's answers, 0..1. */
  share: number;
  /** Whether worker, gateway and Temporal server are killed at random. */
  kills: boolean;
  seed: number;
  /** A deal that has not ended by then is stranded. */
  minutes: number;
  /** Seconds after which nothing goes wrong any more. Runs mostly end before; a deal that met fault upon fault waits minutes until its next try. */
  calmAfter: number;
  /** Deals started in a second. */
  pace: number;
  /** Mean seconds from one kill to the next, and seconds after which nothing is killed any more. */
  killEvery: number;
  killUntil: number;
  /** Milliseconds that the account has no credits, and that it is suspended. */
  windowMs: number;
  /** How long an envelope of the type that expires is out, as document types say it. */
  expireAfter: string;
  /** Whether the data folder outlives the run. */
  keep: boolean;
}

export const USAGE = `Usage: npm run soak -- [options]

  --deals N    deals to take to their ends (300)
  --share X    part of the calls, webhooks and CRM writes that go wrong (0.2)
  --no-kills   leaves worker, gateway and Temporal server alone
  --seed N     the same paths and faults as in the run that printed N, as far as timing allows
  --minutes N  a deal that has not ended by then is stranded (10; a run takes about 5)
  --short      14 deals and few kills, in about a minute: to see that it works
  --keep       keeps the data folder, with all that was compared in world.json, and says where it is
`;

type Timing = Pick<Options, 'calmAfter' | 'pace' | 'killEvery' | 'killUntil' | 'windowMs' | 'expireAfter'>;

/** A process that was killed costs the deals some ten seconds, so that there is room for more kills than one a process in a long run only. */
const LONG: Timing = {
  calmAfter: 300,
  pace: 1.6,
  killEvery: 18,
  killUntil: 300,
  windowMs: 8000,
  expireAfter: '20 seconds',
};
const SHORT: Timing = {
  calmAfter: 28,
  pace: 3,
  killEvery: 4,
  killUntil: 13,
  windowMs: 3000,
  expireAfter: '10 seconds',
};

/** What the command line asks for, null for `--help`. Throws an Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      deals: { type: 'string' },
      share: { type: 'string', default: '0.2' },
      kills: { type: 'boolean', default: true },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      minutes: { type: 'string' },
      short: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const { short, kills, keep } = values;
  return {
    deals: number('deals', values.deals ?? (short ? '14' : '300'), /^[1-9]\d{0,4}$/, 'a whole number from 1'),
    share: number('share', values.share, /^0(\.\d+)?$/, 'from 0 to less than 1'),
    seed: number('seed', values.seed, /^\d{1,9}$/, 'a whole number'),
    minutes: number('minutes', values.minutes ?? (short ? '3' : '10'), /^\d{1,3}(\.\d+)?$/, 'a number of minutes'),
    kills,
    keep,
    ...(short ? SHORT : LONG),
  };
}

/** The number that an option says; throws an Error that names the option and what it must be. */
export function number(name: string, text: string, form: RegExp, expected: string): number {
  if (!form.test(text)) throw new Error(`--${name} ${text}: must be ${expected}`);
  return Number(text);
}
