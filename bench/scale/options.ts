import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { count } from '../options.js';
import type { TemporalChoice } from './measured-temporal.js';

export const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
export type Part = (typeof PARTS)[number];
/** Without `--only`: what is compared to choose settings (f, g) is asked for by name. */
const USUAL_PARTS: readonly Part[] = ['a', 'b', 'c', 'd', 'e'];

export interface ScaleOptions {
  parts: readonly Part[];
  /** Numbers of worker processes that are compared. */
  workers: readonly number[];
  /** Deals of a turn of (a) and (f), and how many of them are under way at a time. */
  deals: number;
  concurrency: number;
  /** How long the sandbox takes to find the fields of a document, for the deals of (a), (d) and (f). */
  detectionMs: number;
  /** Deals that wait for their review in (b); (e) compares half of them with all. */
  openDeals: number;
  /** Deals that are woken, and deals that are taken through alone. */
  samples: number;
  idleSeconds: number;
  /** Webhooks of one burst, and the seconds that they are spread over. */
  webhooks: number;
  burstSeconds: number;
  /** Deals whose histories are counted, for each version. */
  histories: number;
  temporal: TemporalChoice;
  /** Folder for CPU profiles of Countersign's worker in (a) and of its gateways, or null. */
  profiles: string | null;
  out: string;
}

export const SCALE_USAGE = `Usage: npm run bench -- scale [options]

  --only a,c           these parts only:
                         a  deals per second with 1, 2 and 4 worker processes, against the plain version
                         b  deals that wait for their review: memory, idle CPU, evictions, time to wake one
                         c  a burst of webhooks: times to acknowledge against bare signals, none lost
                         d  history and Temporal Cloud actions of a deal, and what a million deals a year cost
                         e  growth: one deal alone, while half and while all of the deals of (b) are open
                       and, only where they are named:
                         f  tuning: deals per second with other slots, pollers and caches of the worker, in turns
                         g  tenants: deals of one tenant, one after the other, while another's flood lasts
  --workers 1,2,4      numbers of worker processes in (a)
  --deals N            deals of a turn in (a) and (f) (200)
  --concurrency N      deals under way at a time in (a) and (f), and in the flood of (g) (100)
  --detection-ms N     milliseconds until the fields of a document are found in (a), (d) and (f) (5000)
  --open-deals N       deals that wait in (b) and (e) (10000)
  --idle-seconds N     how long (b) looks at the waiting (60)
  --webhooks N         webhooks of a burst in (c) (2000)
  --burst-seconds N    seconds that a burst is spread over (10)
  --quick              tiny, on a dev server: to see that it works
  --dev-server         on one Temporal dev server instead of a cluster on PostgreSQL (npm run cluster)
  --temporal ADDRESS   a Temporal that runs already, with the deals' search attributes and nothing of value: open deals stay there
  --namespace NAME     the namespace there (default)
  --profile            also takes CPU profiles of Countersign's worker in (a) and of each part's gateway, and tells
                       what costs most (slows them down)
  --out FILE           where the results go (bench/results/scale.json)
`;

/** What the command line asks for, null for `--help`. Throws an Error that says which option is wrong. */
export function readScaleOptions(args: readonly string[]): ScaleOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      workers: { type: 'string' },
      deals: { type: 'string' },
      concurrency: { type: 'string' },
      'detection-ms': { type: 'string' },
      'open-deals': { type: 'string' },
      'idle-seconds': { type: 'string' },
      webhooks: { type: 'string' },
      'burst-seconds': { type: 'string' },
      quick: { type: 'boolean', default: false },
      'dev-server': { type: 'boolean', default: false },
      temporal: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      profile: { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench/results/scale.json' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const { quick } = values;
  const number = (name: 'deals' | 'concurrency' | 'webhooks', full: number, tiny: number): number =>
    count(name, values[name] ?? String(quick ? tiny : full));
  const spelt = (name: 'detection-ms' | 'open-deals' | 'idle-seconds' | 'burst-seconds', full: number, tiny: number) =>
    count(name, values[name] ?? String(quick ? tiny : full));
  const openDeals = spelt('open-deals', 10_000, 20);
  if (openDeals < 2)
    throw new Error(`--open-deals ${openDeals}: must be 2 or more, since half of them are compared with all`);
  return {
    parts: partsOf(values.only),
    workers: (values.workers ?? (quick ? '1' : '1,2,4')).split(',').map((text) => count('workers', text)),
    deals: number('deals', 200, 2),
    concurrency: number('concurrency', 100, 2),
    detectionMs: spelt('detection-ms', 5_000, 1),
    openDeals,
    samples: quick ? 1 : 15,
    idleSeconds: spelt('idle-seconds', 60, 1),
    webhooks: number('webhooks', 2_000, 10),
    burstSeconds: spelt('burst-seconds', 10, 1),
    histories: quick ? 1 : 10,
    temporal:
      values.temporal !== undefined
        ? { address: values.temporal, namespace: values.namespace }
        : quick || values['dev-server']
          ? 'dev-server'
          : 'cluster',
    profiles: values.profile ? resolve('bench/results/profiles') : null,
    out: resolve(values.out),
  };
}

function partsOf(only: string | undefined): readonly Part[] {
  if (only === undefined) return USUAL_PARTS;
  return only.split(',').map((text) => {
    const part = PARTS.find((known) => known === text.trim());
    if (part === undefined) throw new Error(`--only ${only}: "${text}" is none of the parts ${PARTS.join(', ')}`);
    return part;
  });
}
