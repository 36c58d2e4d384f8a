/** The run itself, on a stack that is up: deals are started and driven while things go wrong; then all is calm, and everybody is asked. */
import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { ProgressLine } from '../bench/progress-line.js';
import type { Stack } from '../src/stack/stack.js';
import { AtlasDesk } from './atlas-desk.js';
import { collect } from './collect.js';
import { compare } from './compare.js';
import type { CrmReceiver } from './crm-receiver.js';
import { dealOut } from './deck.js';
import { complainTo, driveAll, progressOf, startedOf, tellProgress } from './drive-all.js';
import { newDrivenDeal } from './drive.js';
import { faultRules } from './faults.js';
import { GatewayClient } from './gateway-client.js';
import { NO_KILLING, startKilling } from './kills.js';
import type { Options } from './options.js';
import { randomOf } from './random.js';
import { countsOf, sum, tally, type Counts } from './report.js';
import { badSpells } from './windows.js';
import type { Finding, World } from './world.js';

export interface Running {
  stack: Stack;
  crm: CrmReceiver;
  options: Options;
  progress: ProgressLine;
  /** Aborted when somebody asks the soak to end. */
  ending: AbortSignal;
}

export async function soak(running: Running): Promise<{ counts: Counts; findings: Finding[]; world: World }> {
  const { stack, crm, options, progress, ending } = running;
  const { seed, share, kills, killEvery, minutes } = options;
  const begun = Date.now();
  const bound = AbortSignal.any([ending, AbortSignal.timeout(minutes * 60_000)]);
  // Every wait of every deal listens to them.
  setMaxListeners(0, bound, ending);
  const atlas = new AtlasDesk(stack.urls.sandbox, stack.atlasKey);
  const gateway = new GatewayClient([stack.urls.gateway], stack.tokens, bound);
  const driven = dealOut(options.deals, randomOf(seed, 'paths')).map((path, index) =>
    newDrivenDeal(`${String(index + 1).padStart(4, '0')}-${path.name}`, path),
  );

  await atlas.addFaults(faultRules(share), seed);
  const killing = kills
    ? startKilling((victim) => stack.kill(victim), randomOf(seed, 'kills'), {
        meanSeconds: killEvery,
        steps: () => crm.writes(),
        signal: bound,
      })
    : NO_KILLING;
  const calmDown = async (): Promise<void> => {
    await killing.stop();
    crm.calm();
    await atlas.clearFaults();
  };
  const over = new AbortController();
  const meanwhile = AbortSignal.any([bound, over.signal]);
  const company = [
    badSpells(atlas, options.windowMs, () => startedOf(driven).length / driven.length, meanwhile),
    wait(options.killUntil * 1000, undefined, { signal: meanwhile }).then(() => killing.stop()),
    wait(options.calmAfter * 1000, undefined, { signal: meanwhile }).then(calmDown),
    tellProgress(progress, meanwhile, async () => {
      const faults = sum(await atlas.faultCounts()) + sum(crm.counts());
      return `${progressOf(driven)}; ${faults} faults, ${sum(killing.counts)} kills`;
    }),
  ].map((work) => work.catch(complainTo(gateway.complaints, meanwhile)));

  await driveAll(driven, { gateway, atlas, crm, contracts: stack.folders.contracts }, options, bound);
  over.abort();
  await Promise.all(company);
  ending.throwIfAborted();
  await calmDown();
  progress.show('All is calm: asking the deals, Temporal, the CRM, Atlas and the document store');
  // Whoever has ended must stay so when all that was held back arrives, and on a worker that knows it from its history only.
  await atlas.flush();
  await stack.restart('worker');
  const connection = await Connection.connect({ address: stack.temporalAddress });
  try {
    const world = await collect(driven, {
      gateway: gateway.until(ending),
      client: new Client({ connection }),
      atlas,
      atlasKey: stack.atlasKey,
      crm,
      filed: stack.folders.filed,
    });
    const findings = compare(world);
    const counts = countsOf({
      driven,
      world,
      findings,
      faultsByKind: tally([await atlas.faultCounts(), crm.counts()]),
      killsByPart: killing.counts,
      contradictions: driven.reduce((total, { dealId }) => total + crm.deal(dealId).contradictions.length, 0),
      repeatedCalls: gateway.repeated,
      seed,
      seconds: Math.round((Date.now() - begun) / 1000),
    });
    return { counts, findings, world };
  } finally {
    await connection.close();
  }
}
