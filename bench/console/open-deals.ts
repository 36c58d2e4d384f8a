/**
 * Open deals that only stand in Temporal's list: started as the gateway starts them, with the search attributes of the stage they are to be
 * in, on a task queue without a worker. A list costs the same for them as for deals that came there by themselves.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { workflowIdOf } from '../../src/deal/ids.js';
import { WORKFLOW_TYPE } from '../../src/deal/messages.js';
import type { Refusal } from '../../src/deal/refusals.js';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import type { OpenStage } from '../../src/deal/stages.js';
import type { DealMemo } from '../../src/gateway/deal-list.js';

const KEYS = {
  stage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  blocked: defineSearchAttributeKey('DealBlocked', SEARCH_ATTRIBUTES.DealBlocked),
  documentType: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  envelopeId: defineSearchAttributeKey('EnvelopeId', SEARCH_ATTRIBUTES.EnvelopeId),
  provider: defineSearchAttributeKey('SigningProvider', SEARCH_ATTRIBUTES.SigningProvider),
  since: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

/** Of each 20 deals; one of them is blocked, in another stage each time. */
const STAGES: readonly OpenStage[] = [
  ...Array.from({ length: 8 }, () => 'in-review' as const),
  ...Array.from({ length: 8 }, () => 'out-for-signature' as const),
  ...(['preparing', 'detecting', 'sending', 'filing'] as const),
];
const REFUSALS: readonly Refusal[] = ['credits-exhausted', 'crm-refused', 'document-unavailable', 'key-refused'];
const TYPES = ['order-form', 'nda', 'master-agreement'] as const;

const DAY = 24 * 3_600_000;
/** They entered their stages over this time, evenly but in no order. */
const SPREAD = 30 * DAY;
const NO_WORKER = 'nobody';
const AT_ONCE = 20;
const LISTED_MS = 60_000;

/** Starts `many` deals, named by their number. Call it once for each server. */
export async function startOpenDeals(client: Client, many: number, onStarted: (done: number) => void): Promise<void> {
  const now = Date.now();
  const waiting = Array.from({ length: many }, (_, index) => index);
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      // 7919 is a prime number: each deal has a moment of its own.
      const since = new Date(now - Math.round((((index * 7919) % many) / many) * SPREAD));
      await startOpenDeal(client, index, since);
      onStarted((done += 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function startOpenDeal(client: Client, index: number, since: Date): Promise<void> {
  const dealId = `open-${index + 1}`;
  const turn = Math.floor(index / STAGES.length);
  const stage = STAGES[index % STAGES.length] ?? 'in-review';
  const blocked = index % STAGES.length === turn % STAGES.length ? REFUSALS[turn % REFUSALS.length] : undefined;
  await client.workflow.start(WORKFLOW_TYPE, {
    workflowId: workflowIdOf(dealId),
    taskQueue: NO_WORKER,
    memo: { dealId, round: 1, reviewSlaMs: DAY } satisfies DealMemo,
    typedSearchAttributes: [
      { key: KEYS.stage, value: stage },
      { key: KEYS.documentType, value: TYPES[index % TYPES.length] ?? 'order-form' },
      { key: KEYS.provider, value: 'atlas' },
      { key: KEYS.since, value: since },
      ...(stage === 'preparing' ? [] : [{ key: KEYS.envelopeId, value: `env-open-${index + 1}` }]),
      ...(blocked === undefined ? [] : [{ key: KEYS.blocked, value: blocked }]),
    ],
  });
}

/** Settles once Temporal's list, which lags a little, holds exactly `many` open deals. */
export async function untilListed(client: Client, many: number): Promise<void> {
  for (const deadline = Date.now() + LISTED_MS; ;) {
    const { count } = await client.workflow.count(`WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'`);
    if (count === many) return;
    if (Date.now() > deadline) throw new Error(`Temporal lists ${count} open deals, ${many} expected`);
    await wait(100);
  }
}
