import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Deals that each version takes to their end, over all rounds. */
  deals: number;
  /** Deals under way at a time. */
  concurrency: number;
  rounds: number;
  /** How long the sandbox takes to find the fields of a document. */
  detectionMs: number;
  /** Open deals under which the console's pages are measured. */
  openDeals: number;
  /** How often each page of the console is asked for. */
  pageViews: number;
  /** File that receives the results. */
  out: string;
  /** Folder for CPU profiles of Countersign's worker, or null. A profile slows the worker down. */
  profiles: string | null;
}

export const USAGE = `Usage: npm run bench -- [options]
       npm run bench -- scale [options]    how it grows; \`npm run bench -- scale --help\` tells more

  --deals N        deals for each version (200)
  --concurrency N  deals under way at a time (50)
  --rounds N       turns that each version takes (2)
  --detection-ms N  milliseconds until the fields of a document are found (5000)
  --open-deals N   open deals when the console's pages are measured (1000)
  --page-views N   times that each page of the console is asked for (60)
  --short          10 deals, 5 at a time, one turn, and 10 views with 20 open deals: to see that it works
  --profile        also writes CPU profiles of Countersign's worker, and tells what costs most (slows it down)
  --out FILE       where the results go (bench/results/latest.json)
`;

/** What the command line asks for, null for `--help`. Throws an Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      deals: { type: 'string' },
      concurrency: { type: 'string' },
      rounds: { type: 'string' },
      'detection-ms': { type: 'string', default: '5000' },
      'open-deals': { type: 'string' },
      'page-views': { type: 'string' },
      short: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench/results/latest.json' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const deals = count('deals', values.deals ?? (values.short ? '10' : '200'));
  const rounds = count('rounds', values.rounds ?? (values.short ? '1' : '2'));
  if (rounds > deals) throw new Error(`--rounds ${rounds}: there are only ${deals} deals`);
  return {
    deals,
    rounds,
    concurrency: count('concurrency', values.concurrency ?? (values.short ? '5' : '50')),
    detectionMs: count('detection-ms', values['detection-ms']),
    openDeals: count('open-deals', values['open-deals'] ?? (values.short ? '20' : '1000')),
    pageViews: count('page-views', values['page-views'] ?? (values.short ? '10' : '60')),
    out: resolve(values.out),
    profiles: values.profile ? resolve('bench/results/profiles') : null,
  };
}

/** Reads a whole number from 1. Throws an Error that names the option. */
export function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} ${text}: must be a whole number from 1`);
  return Number(text);
}
