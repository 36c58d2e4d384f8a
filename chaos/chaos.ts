/** The run itself, on a stand that is up: deals are driven while one fault after another is injected; then all is calm, and everybody is asked. */
import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { ProgressLine } from '../bench/progress-line.js';
import { AtlasDesk } from '../soak/atlas-desk.js';
import { collect } from '../soak/collect.js';
import { compare } from '../soak/compare.js';
import type { TrialCrm } from '../soak/crm.js';
import { dealOut } from '../soak/deck.js';
import { complainTo, driveAll, progressOf, startedOf, tellProgress } from '../soak/drive-all.js';
import { newDrivenDeal } from '../soak/drive.js';
import { GatewayClient } from '../soak/gateway-client.js';
import type { Path } from '../soak/paths.js';
import { randomOf } from '../soak/random.js';
import type { Finding, World } from '../soak/world.js';
import { faultsOn, NO_FAULT } from './faults.js';
import type { Options } from './options.js';
import type { Pulse } from './pulse.js';
import { chaosCountsOf, recoveryOf, rowsOf, type Counts } from './report.js';
import type { Stand } from './stand.js';
import { storm, type Injection } from './storm.js';
import type { Temporal } from './temporal.js';

export interface Running {
  stand: Stand;
  temporal: Temporal;
  crm: TrialCrm;
  /** What only this CRM can say against itself. */
  crmFindings: () => Promise<Finding[]>;
  paths: readonly Path[];
  pulse: Pulse;
  options: Options;
  progress: ProgressLine;
  /** Aborted when somebody asks the run to end. */
  ending: AbortSignal;
}

const LOOK_MS = 250;

export async function chaos(running: Running): Promise<{ counts: Counts; findings: Finding[]; world: World }> {
  const { stand, temporal, crm, crmFindings, paths, pulse, options, progress, ending } = running;
  const { seed, minutes } = options;
  const begun = Date.now();
  const bound = AbortSignal.any([ending, AbortSignal.timeout(minutes * 60_000)]);
  // Every wait of every deal listens to them.
  setMaxListeners(0, bound, ending);
  const atlas = new AtlasDesk(stand.sandboxUrl, stand.atlasKey);
  const gateway = new GatewayClient(stand.gatewayUrls, stand.tokens, bound);
  const driven = dealOut(options.deals, randomOf(seed, 'paths'), paths).map((path, index) =>
    newDrivenDeal(`${String(index + 1).padStart(4, '0')}-${path.name}`, path),
  );

  const injections: Injection[] = [];
  const over = new AbortController();
  const meanwhile = AbortSignal.any([bound, over.signal]);
  // With the last deals started, progress of every kind is seen no more, and recovery could not be measured.
  const enough = new AbortController();
  const allStarted = (async () => {
    const latest = begun + options.stormUntil * 1000;
    while (startedOf(driven).length < driven.length && Date.now() < latest) {
      await wait(LOOK_MS, undefined, { signal: meanwhile });
    }
  })().finally(() => enough.abort());
  const raging = storm(
    faultsOn(stand, temporal),
    randomOf(seed, 'faults'),
    options.storm,
    injections,
    (injection) => recoveryOf(injection, pulse.beats(driven)) !== null,
    { enough: enough.signal, signal: bound },
  );
  // A fault that cannot be ended, for instance a service that does not come back, ends the run.
  const lost = new Promise<never>((_, reject) => void raging.catch(reject));
  const telling = tellProgress(progress, meanwhile, async () => {
    const faults = injections.filter(({ fault }) => fault.name !== NO_FAULT);
    return `${progressOf(driven)}; ${faults.length} faults${faults.length > 0 ? `, the last: ${faults.at(-1)?.fault.name}` : ''}`;
  });
  const company = [allStarted, telling].map((work) => work.catch(complainTo(gateway.complaints, meanwhile)));

  const { folders, atlasKey } = stand;
  try {
    await Promise.race([driveAll(driven, { gateway, atlas, crm, contracts: folders.contracts }, options, bound), lost]);
  } finally {
    over.abort();
  }
  await Promise.all([...company, raging]);
  ending.throwIfAborted();
  progress.show('All is calm: asking the deals, Temporal, the CRM, Atlas and the document store');
  // Whoever has ended must stay so when all that was held back arrives, and on a worker that knows it from its history only.
  await atlas.flush();
  const [fresh, ...others] = stand.workers;
  await Promise.all([fresh?.part.restart(), ...others.map(({ part }) => part.stop())]);
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const world = await collect(driven, {
      gateway: gateway.until(ending),
      client: new Client({ connection, namespace: temporal.namespace }),
      atlas,
      atlasKey,
      crm,
      filed: folders.filed,
    });
    const findings = [...compare(world), ...(await crmFindings())];
    const seconds = Math.round((Date.now() - begun) / 1000);
    const contradictions = await Promise.all(driven.map(async ({ dealId }) => (await crm.deal(dealId)).contradictions));
    const counts = chaosCountsOf(
      {
        driven,
        world,
        findings,
        contradictions: contradictions.flat().length,
        repeatedCalls: gateway.repeated,
        seed,
        seconds,
      },
      injections,
      rowsOf(injections, pulse.beats(driven), driven),
    );
    return { counts, findings, world };
  } finally {
    await connection.close();
  }
}
