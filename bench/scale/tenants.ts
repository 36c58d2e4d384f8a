/** (g) Deals of one tenant, one after the other, while a flood of another tenant's deals lasts. */
import type { WorkerOptions } from '@temporalio/worker';
import proto from '@temporalio/proto';
import { request } from 'undici';
import { timesOf, type Times } from '../quantile.js';
import type { ScaleOptions } from './options.js';
import { API_KEY, type ScaleStack, type ScaleVersion } from './scale-stack.js';
import { tunedWith } from './tuned.js';

export interface TenantsRow {
  worker: string;
  /** From a start to its review, and from an approval until the contract is out, in ms. */
  quiet: { startToReview: Times; approvalToOut: Times };
  /** Under the flood: of the flood's own tenant, as all deals would be without fairness, and of another. */
  sameTenant: { startToReview: Times; approvalToOut: Times };
  otherTenant: { startToReview: Times; approvalToOut: Times };
  /** Deals of the flood that ended in a second meanwhile. */
  floodPerSecond: number;
}

const [FLOODING, OTHER] = ['acme', 'globex'];

/** As many at a time as keep one core busy, so that what waits does so at Temporal, which takes turns, and not in the worker, which does not. */
const FEW_SLOTS: Partial<WorkerOptions> = {
  maxConcurrentWorkflowTaskExecutions: 4,
  maxConcurrentActivityTaskExecutions: 4,
  maxConcurrentLocalActivityExecutions: 8,
};

/** Less than the flood takes where nothing bounds it: three a deal. */
const STEPS_A_SECOND = 6;

const WORKERS: readonly { name: string; options: Partial<WorkerOptions>; rate: number | null }[] = [
  { name: 'as shipped', options: {}, rate: null },
  { name: 'few slots', options: FEW_SLOTS, rate: null },
  { name: `${STEPS_A_SECOND} steps/s a tenant`, options: {}, rate: STEPS_A_SECOND },
];

/** Each takes as long as the flood holds it up. */
const MOST_SAMPLES = 10;

export async function measureTenants(
  stack: ScaleStack,
  options: ScaleOptions,
  progress: (text: string) => void,
): Promise<TenantsRow[]> {
  const { concurrency } = options;
  const samples = Math.min(options.samples, MOST_SAMPLES);
  await Promise.all([FLOODING, OTHER].map((tenant) => openAccount(stack.sandboxUrl, tenant)));
  const rows: TenantsRow[] = [];
  for (const [number, { name, rate, ...variant }] of WORKERS.entries()) {
    if (rate !== null) await boundEachTenant(stack, rate);
    const worker = await stack.countersign.startWorker(...tunedWith(variant.options));
    const idOf = (what: string) => stack.named(`tenants-${number}-${what}`);
    const say = (text: string): void => progress(`(g) ${name}: ${text}`);
    const [flooding, other] = [ofTenant(stack.countersign, FLOODING), ofTenant(stack.countersign, OTHER)];
    await stack.driver.driveOne(other, idOf('warm-up'));

    const quiet = taken();
    for (let sample = 0; sample < samples; sample++) {
      say(`deal ${sample + 1} of ${samples} alone`);
      await takeOne(stack, other, idOf(`quiet-${sample}`), quiet);
    }
    const flood = startFlood(stack, flooding, concurrency, idOf);
    const [same, different] = [taken(), taken()];
    await flood.underWay;
    const [before, begun] = [flood.done(), performance.now()];
    for (let sample = 0; sample < samples; sample++) {
      say(`deal ${sample + 1} of ${samples} of each tenant under the flood`);
      await takeOne(stack, flooding, idOf(`same-${sample}`), same);
      await takeOne(stack, other, idOf(`other-${sample}`), different);
    }
    const floodPerSecond = (flood.done() - before) / ((performance.now() - begun) / 1000);
    say('the flood ebbs away');
    await flood.end();
    await worker.process.stop();
    rows.push({
      worker: name,
      quiet: timesOfAll(quiet),
      sameTenant: timesOfAll(same),
      otherTenant: timesOfAll(different),
      floodPerSecond: Math.round(floodPerSecond * 100) / 100,
    });
  }
  return rows;
}

interface Taken {
  startToReview: number[];
  approvalToOut: number[];
}

const taken = (): Taken => ({ startToReview: [], approvalToOut: [] });

const timesOfAll = ({ startToReview, approvalToOut }: Taken) => ({
  startToReview: timesOf(startToReview),
  approvalToOut: timesOf(approvalToOut),
});

async function takeOne({ driver }: ScaleStack, version: ScaleVersion, dealId: string, into: Taken): Promise<void> {
  const begun = performance.now();
  await driver.toReview(version, dealId);
  const inReview = performance.now();
  await driver.toSigners(version, dealId);
  into.startToReview.push(inReview - begun);
  into.approvalToOut.push(performance.now() - inReview);
}

/** Keeps `many` deals under way until it is ended. `underWay` settles once as many have ended. */
function startFlood({ driver }: ScaleStack, version: ScaleVersion, many: number, idOf: (what: string) => string) {
  let [started, ended, over] = [0, 0, false];
  let reached: () => void = () => undefined;
  const lanes = Array.from({ length: many }, async () => {
    while (!over) {
      await driver.driveOne(version, idOf(`flood-${(started += 1)}`));
      if ((ended += 1) >= many) reached();
    }
  });
  const all = Promise.all(lanes);
  const some = new Promise<void>((resolve) => (reached = resolve));
  return {
    underWay: Promise.race([some, all]),
    done: () => ended,
    async end(): Promise<void> {
      over = true;
      await all;
    },
  };
}

/** As `temporal task-queue config set --fairness-key-rps-limit-default`. */
async function boundEachTenant({ client, temporal: { namespace }, taskQueue }: ScaleStack, requestsPerSecond: number) {
  await client.workflowService.updateTaskQueueConfig({
    ...{ namespace, taskQueue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    updateFairnessKeyRateLimitDefault: { rateLimit: { requestsPerSecond }, reason: 'the benchmark' },
  });
}

function ofTenant(version: ScaleVersion, tenant: string): ScaleVersion {
  return { ...version, start: (dealId) => ({ ...version.start(dealId), tenant }) };
}

async function openAccount(sandboxUrl: string, tenant: string): Promise<void> {
  const { statusCode, body } = await request(`${sandboxUrl}/api/platform/connected-accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ external_id: tenant, name: tenant, billing_mode: 'platform_pays' }),
  });
  if (statusCode >= 300) throw new Error(`The sandbox opened no account: ${statusCode} ${await body.text()}`);
  await body.dump();
}
