/**
 * (c) A burst of webhooks, open loop: each is sent when it is due, however slow the answers are. In turns with as many bare signals of the
 * same kind at the same rate to the same deals, so that Temporal and the worker have the same work in both.
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
import { ratioOf, rounded, timesOf, type Times } from '../quantile.js';
import { startCarriedDeals, untilQuiet, untilWaiting } from './carried-deals.js';
import type { ScaleOptions } from './options.js';
import { API_KEY, type ScaleStack } from './scale-stack.js';

export interface BurstResults {
  /** Of each kind, over all turns. */
  webhooks: number;
  signals: number;
  perSecond: number;
  /** From the sending to the answer, in ms. */
  webhookAck: Times;
  bareSignal: Times;
  ratio: { p50: number | null; p95: number | null };
  /** Webhooks that were not answered with 2xx. */
  refused: number;
  /** Of the acknowledged: those that no history holds. */
  lost: number;
  gatewayCpuMsPerWebhook: number | null;
  load: number;
}

type Send = (dealId: string, number: string) => Promise<void>;

const LAST = 20;
const READERS = 20;
/** Countersign's own first, then the other way round: what grows meanwhile meets both alike. */
const TURNS = ['webhook', 'signal', 'signal', 'webhook'] as const;
/** Not measured. */
const WARM_UP = 50;

export async function measureBurst(
  stack: ScaleStack,
  { webhooks, burstSeconds }: ScaleOptions,
  progress: (text: string) => void,
): Promise<BurstResults> {
  const { client, driver, named, countersign } = stack;
  const worker = await countersign.startWorker();
  const { pid } = worker.process;
  // One real envelope that is out: each event makes its deal read that back and find nothing changed.
  const real = named('real');
  await driver.toReview(countersign, real);
  const envelopeId = await driver.toSigners(countersign, real);

  const dealIds = Array.from({ length: webhooks }, (_, index) => named(`signing-${index + 1}`));
  const carried = {
    taskQueue: stack.taskQueue,
    documentUri: stack.contractUri,
    stage: 'out-for-signature' as const,
    envelopeId,
  };
  await startCarriedDeals(client, dealIds, carried, (done) => progress(`(c) ${done} of ${webhooks} deals are out`));
  await untilWaiting(client, dealIds.slice(-LAST), pid);

  const agent = new Agent({ connections: 64 });
  const acknowledged = new Set<string>();
  let refused = 0;
  const send: Record<(typeof TURNS)[number], Send> = {
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

  for (const kind of ['webhook', 'signal'] as const) {
    const some = dealIds.slice(0, WARM_UP);
    await openLoop(some, 50, (dealId) => send[kind](dealId, named(`warm-up-${kind}-${dealId}`)));
  }
  await untilQuiet(pid);

  const times: Record<(typeof TURNS)[number], number[]> = { webhook: [], signal: [] };
  let gatewayMs = 0;
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  for (const [turn, kind] of TURNS.entries()) {
    progress(`(c) turn ${turn + 1} of ${TURNS.length}: ${webhooks} ${kind}s in ${burstSeconds} s`);
    const before = await cpuMsOf(countersign.gateway.pid);
    const taken = await openLoop(dealIds, webhooks / burstSeconds, (dealId) =>
      send[kind](dealId, named(`${turn}-${dealId}`)),
    );
    if (kind === 'webhook') gatewayMs += ((await cpuMsOf(countersign.gateway.pid)) ?? NaN) - (before ?? NaN);
    times[kind].push(...taken);
    progress(`(c) turn ${turn + 1} of ${TURNS.length}: the worker takes up what came`);
    await untilQuiet(pid);
  }
  await agent.close();
  progress('(c) looking into every history');
  const held = await heldIn(client, dealIds);
  await worker.process.stop();

  const webhookAck = timesOf(times.webhook);
  const bareSignal = timesOf(times.signal);
  return {
    webhooks: times.webhook.length,
    signals: times.signal.length,
    perSecond: webhooks / burstSeconds,
    webhookAck,
    bareSignal,
    ratio: { p50: ratioOf(webhookAck.p50, bareSignal.p50), p95: ratioOf(webhookAck.p95, bareSignal.p95) },
    refused,
    lost: [...acknowledged].filter((delivery) => !held.has(delivery)).length,
    gatewayCpuMsPerWebhook: Number.isNaN(gatewayMs) ? null : rounded(gatewayMs / times.webhook.length, 2),
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
  const waiting = [...dealIds];
  const reader = async (): Promise<void> => {
    for (let dealId = waiting.shift(); dealId !== undefined; dealId = waiting.shift()) {
      const { events } = await client.workflow.getHandle(workflowIdOf(dealId)).fetchHistory();
      for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
        const payload = signal?.signalName === EVENT_SIGNAL ? signal.input?.payloads?.[0] : undefined;
        if (payload) held.add(defaultPayloadConverter.fromPayload<EnvelopeEvent>(payload).deliveryId);
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return held;
}
