/** What is done to the whole, one fault at a time. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../soak/random.js';
import type { LinkState } from './link.js';
import type { Stand, Standing } from './stand.js';
import type { Temporal, TemporalService } from './temporal.js';

export interface Fault {
  name: string;
  /** Two faults at the same time are never of one place. */
  place: string;
  /** What recovery counts from: a killed process is missed from its death on, a bad network can be left behind only when it is good again. */
  countsFrom: 'begin' | 'end';
  /** Settles when the fault is over; `ms` is how long it is to last where that can be chosen. */
  inject(random: Random, ms: number): Promise<void>;
}

/** Done to nothing: how long it takes without any fault until every kind of progress is seen. */
export const NO_FAULT = 'none, for comparison';

const COMES_BACK_MS = 180_000;

export function faultsOn(
  stand: Pick<Stand, 'workers' | 'gateways' | 'network'>,
  temporal: Pick<Temporal, 'services' | 'postgres'>,
): Fault[] {
  const services = new Map<string, TemporalService[]>();
  for (const service of temporal.services) services.set(service.name, [...(services.get(service.name) ?? []), service]);
  const { postgres } = temporal;
  return [
    { name: NO_FAULT, place: 'nowhere', countsFrom: 'begin', inject: async (_, ms) => wait(ms) },
    ...(postgres === null
      ? []
      : [
          {
            name: 'PostgreSQL restarted',
            place: 'postgres',
            countsFrom: 'begin' as const,
            inject: () => postgres.restart(),
          },
        ]),
    ...[...services].map(([name, ofIt]) => killing(name, ofIt)),
    deathOf('worker', stand.workers),
    deathOf('gateway', stand.gateways),
    ...(['cut', 'frozen', 'slow'] as const).map((state) => badNetwork(state, stand.network)),
  ];
}

/** One of the service's processes is dead for a while. */
function killing(name: string, services: readonly TemporalService[]): Fault {
  return {
    name: `Temporal ${name} killed`,
    place: 'temporal',
    countsFrom: 'begin',
    async inject(random, ms) {
      const service = random.pick(services);
      await service.kill();
      await wait(ms);
      await service.start();
    },
  };
}

function deathOf(name: string, all: readonly Standing[]): Fault {
  return {
    name: `${name} killed`,
    place: name,
    countsFrom: 'begin',
    async inject(random) {
      const { part, ready } = random.pick(all);
      await part.kill();
      await ready(AbortSignal.timeout(COMES_BACK_MS));
    },
  };
}

function badNetwork(state: Exclude<LinkState, 'fine'>, network: Stand['network']): Fault {
  return {
    name: `network to Atlas ${state}`,
    place: 'network',
    countsFrom: 'end',
    async inject(_, ms) {
      for (const link of network) link.set(state);
      await wait(ms);
      for (const link of network) link.set('fine');
    },
  };
}
