import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { number } from '../soak/options.js';
import type { StormTiming } from './storm.js';

export interface Options {
  deals: number;
  seed: number;
  /** A deal that has not ended by then is stranded. */
  minutes: number;
  workers: number;
  gateways: number;
  temporal: 'cluster' | 'dev-server';
  /** Deals started in a second. */
  pace: number;
  /** Seconds after which no fault is injected any more, should deals still be started then; each fault is injected once in any case. */
  stormUntil: number;
  storm: StormTiming;
  /** How long an envelope of the type that expires is out, as document types say it. */
  expireAfter: string;
  /** Whether the data folder outlives the run. */
  keep: boolean;
}

export const USAGE = `Usage: npm run chaos -- [options]

  --deals N       deals to take to their ends (500)
  --seed N        the same paths, faults and order of faults as in the run that printed N
  --minutes N     a deal that has not ended by then is stranded (15; a run takes about 10)
  --workers N     worker processes (3)
  --gateways N    gateway processes (2)
  --dev-server    one Temporal dev server instead of the cluster, and a CRM in memory instead of PostgreSQL
  --short         8 deals on a dev server, each fault about once: to see that it works
  --keep          keeps the data folder, with all that was compared in world.json, and says where it is
`;

type Timing = Pick<Options, 'pace' | 'stormUntil' | 'storm' | 'expireAfter'>;

const LONG: Timing = {
  pace: 1,
  stormUntil: 600,
  storm: { lastsMs: [3000, 10_000], pauseMs: [1000, 3000], pairs: 0.3, patienceMs: 45_000 },
  expireAfter: '20 seconds',
};
const SHORT: Timing = {
  pace: 1.5,
  stormUntil: 6,
  storm: { lastsMs: [300, 600], pauseMs: [100, 300], pairs: 0.6, patienceMs: 0 },
  expireAfter: '6 seconds',
};

/** What the command line asks for, null for `--help`. Throws an Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      deals: { type: 'string' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      minutes: { type: 'string' },
      workers: { type: 'string' },
      gateways: { type: 'string', default: '2' },
      'dev-server': { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const { short, keep } = values;
  const few = 'a whole number from 1 to 9';
  return {
    deals: number('deals', values.deals ?? (short ? '8' : '500'), /^[1-9]\d{0,4}$/, 'a whole number from 1'),
    seed: number('seed', values.seed, /^\d{1,9}$/, 'a whole number'),
    minutes: number('minutes', values.minutes ?? (short ? '3' : '15'), /^\d{1,3}(\.\d+)?$/, 'a number of minutes'),
    workers: number('workers', values.workers ?? (short ? '2' : '3'), /^[1-9]$/, few),
    gateways: number('gateways', values.gateways, /^[1-9]$/, few),
    temporal: short || values['dev-server'] ? 'dev-server' : 'cluster',
    keep,
    ...(short ? SHORT : LONG),
  };
}
