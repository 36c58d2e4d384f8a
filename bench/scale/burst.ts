/**
 * (c) A burst of webhooks, open loop: each is sent when it is due, however slow the answers are. In turns with as many bare signals of the
 * same kind at the same rate to the same deals, so that Temporal and the worker have the same work in both. First without a worker, since an
 * answer waits for Temporal alone; then with one, which works off what comes with the processor that is left, or on a small machine the other
 * way round.
 */
import { createHash, createHmac } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { Agent, request } from 'undici';
import { externalIdOf, workflowIdOf } from '../../src/deal/ids.js';
import { EVENT_SIGNAL, type EnvelopeEvent } from '../../src/deal/messages.js';
import { cpuMsOf } from '../process-usage.js';
import { ratioOf, rounded, sumOfKnown, timesOf, type Times } from '../quantile.js';
import { startCarriedDeals, untilQuiet, untilWaiting } from './carried-deals.js';
import type { ScaleOptions } from './options.js';
import { API_KEY, type ScaleStack, type ScaleWorker } from './scale-stack.js';

export interface Acknowledged {
  /** From the sending to the answer, in ms. */
  webhookAck: Times;
  bareSignal: Times;
  ratio: { p50: number | null; p95: number | null };
}

export interface BurstResults {
  /** Of each kind, over all turns. */
  webhooks: number;
  signals: number;
  perSecond: number;
  withoutWorker: Acknowledged;
  withWorker: Acknowledged;
  /** Webhooks that were not answered with 2xx. */
  refused: number;
  /** Of the acknowledged: those that no history holds. */
  lost: number;
  gatewayCpuMsPerWebhook: number | null;
  load: number;
}

type Kind = 'webhook' | 'signal';
type Send = (dealId: string, number: string) => Promise<void>;

const LAST = 20;
const SIDE_BY_SIDE = 20;
/** Countersign's own first, then the other way round: what grows meanwhile meets both alike. */
const TURNS: readonly Kind[] = ['webhook', 'signal', 'signal', 'webhook'];
/** Not measured: V8 compiles the gateway's way of a webhook over the first thousands. The starts have done that for the client of the signals. */
const WARM_UP: readonly Kind[] = ['webhook', 'signal', 'webhook'];

export async function measureBurst(
  stack: ScaleStack,
  { webhooks, burstSeconds }: ScaleOptions,
  progress: (text: string) => void,
): Promise<BurstResults> {
  const { client, driver, named, countersign } = stack;
  const first = await countersign.startWorker();
  // One real envelope that is out: each event makes its deal read that back and find nothing changed.
  const real = named('real');
  await driver.toReview(countersign, real);
  const envelopeId = await driver.toSigners(countersign, real);

  const carried = {
    taskQueue: stack.taskQueue,
    documentUri: stack.contractUri,
    stage: 'out-for-signature' as const,
    envelopeId,
  };
  const dealsThatAreOut = async (name: string, worker: ScaleWorker): Promise<string[]> => {
    const dealIds = Array.from({ length: webhooks }, (_, index) => named(`${name}-${index + 1}`));
    await startCarriedDeals(client, dealIds, carried, (done) => progress(`(c) ${done} of ${webhooks} deals are out`));
    await untilWaiting(client, dealIds.slice(-LAST), worker.process.pid);
    return dealIds;
  };
  const waiting = await dealsThatAreOut('waiting', first);
  await first.process.stop();

  const agent = new Agent({ connections: 64 });
  const acknowledged = new Set<string>();
  let refused = 0;
  const send: Record<Kind, Send> = {
    async webhook(dealId, number) {
      const body = bodyOf(envelopeId, dealId, number);
      const { statusCode, body: answer } = await request(`${countersign.gatewayUrl}/webhooks/atlas`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-atlas-signature': `sha256=${createHmac('sha256', API_KEY).update(body).digest('hex')}`,
        },
        body,
        dispatcher: agent,
      });
      await answer.dump();
      if (statusCode === 200) acknowledged.add(deliveryIdOf(body));
      else refused += 1;
    },
    async signal(dealId, number) {
      const event: EnvelopeEvent = {
        event: 'envelope.signed',
        envelopeId,
        receivedAt: new Date().toISOString(),
        deliveryId: number,
      };
      await client.workflow.getHandle(workflowIdOf(dealId)).signal(EVENT_SIGNAL, event);
      acknowledged.add(number);
    },
  };

  const perSecond = webhooks / burstSeconds;
  let turn = 0;
  const taken: Record<Kind, number> = { webhook: 0, signal: 0 };
  const burstOf = async (kind: Kind, dealIds: readonly string[]): Promise<number[]> => {
    turn += 1;
    progress(`(c) burst ${turn}: ${webhooks} ${kind}s in ${burstSeconds} s`);
    const times = await openLoop(dealIds, perSecond, (dealId) => send[kind](dealId, named(`${turn}-${dealId}`)));
    taken[kind] += times.length;
    return times;
  };
  let gatewayMs: number | null = 0;
  /** `rest`: waits until the burst has been worked off. */
  const inTurns = async (
    turns: readonly Kind[],
    dealIds: readonly string[],
    rest: () => Promise<void>,
  ): Promise<Acknowledged> => {
    const times: Record<Kind, number[]> = { webhook: [], signal: [] };
    for (const kind of turns) {
      const before = await cpuMsOf(countersign.gateway.pid);
      times[kind].push(...(await burstOf(kind, dealIds)));
      const after = await cpuMsOf(countersign.gateway.pid);
      if (kind === 'webhook') gatewayMs = sumOfKnown([gatewayMs, after, before === null ? null : -before]);
      await rest();
    }
    const [webhookAck, bareSignal] = [timesOf(times.webhook), timesOf(times.signal)];
    const ratio = { p50: ratioOf(webhookAck.p50, bareSignal.p50), p95: ratioOf(webhookAck.p95, bareSignal.p95) };
    return { webhookAck, bareSignal, ratio };
  };

  for (const kind of WARM_UP) await burstOf(kind, waiting);
  gatewayMs = 0;
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const counted = { ...taken };
  const withoutWorker = await inTurns(TURNS, waiting, () => untilQuiet(countersign.gateway.pid));
  progress('(c) looking into every history');
  const held = await heldIn(client, waiting);
  // What came would keep a worker busy for many minutes, and is not asked for any more.
  await eachOf(waiting, (dealId) => client.workflow.getHandle(workflowIdOf(dealId)).terminate());

  const worker = await countersign.startWorker();
  const atWork = await dealsThatAreOut('at-work', worker);
  const rest = async (): Promise<void> => {
    progress(`(c) burst ${turn}: the worker takes up what came`);
    await untilQuiet(worker.process.pid);
  };
  const withWorker = await inTurns(TURNS.slice(0, 2), atWork, rest);
  await agent.close();
  progress('(c) looking into every history');
  for (const delivery of await heldIn(client, atWork)) held.add(delivery);
  await worker.process.stop();

  return {
    webhooks: taken.webhook - counted.webhook,
    signals: taken.signal - counted.signal,
    perSecond,
    withoutWorker,
    withWorker,
    refused,
    lost: [...acknowledged].filter((delivery) => !held.has(delivery)).length,
    gatewayCpuMsPerWebhook: gatewayMs === null ? null : rounded(gatewayMs / (taken.webhook - counted.webhook), 2),
    load,
  };
}

/** Calls `send` for each deal at the moment it is due; answers how long each took from that moment, in ms. */
async function openLoop(
  dealIds: readonly string[],
  perSecond: number,
  send: (dealId: string) => Promise<void>,
): Promise<number[]> {
  const begun = performance.now();
  const under: Promise<number>[] = [];
  for (const [index, dealId] of dealIds.entries()) {
    const due = begun + (index * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await wait(early);
    const sent = performance.now();
    under.push(send(dealId).then(() => performance.now() - sent));
  }
  return Promise.all(under);
}

function bodyOf(envelopeId: string, dealId: string, number: string): string {
  return JSON.stringify({
    event: 'envelope.signed',
    envelope_id: envelopeId,
    metadata: { external_id: externalIdOf(workflowIdOf(dealId), 1), delivery: number },
  });
}

/** As the gateway tells a delivery: by its bytes. */
function deliveryIdOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 32);
}

/** The delivery ids of all event signals in the histories of the deals. */
async function heldIn(client: Client, dealIds: readonly string[]): Promise<Set<string>> {
  const held = new Set<string>();
  await eachOf(dealIds, async (dealId) => {
    const { events } = await client.workflow.getHandle(workflowIdOf(dealId)).fetchHistory();
    for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
      const payload = signal?.signalName === EVENT_SIGNAL ? signal.input?.payloads?.[0] : undefined;
      if (payload) held.add(defaultPayloadConverter.fromPayload<EnvelopeEvent>(payload).deliveryId);
    }
  });
  return held;
}

/** Some at a time. */
async function eachOf(dealIds: readonly string[], work: (dealId: string) => Promise<unknown>): Promise<void> {
  const left = [...dealIds];
  const lane = async (): Promise<void> => {
    for (let dealId = left.shift(); dealId !== undefined; dealId = left.shift()) await work(dealId);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
}
