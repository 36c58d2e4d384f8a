/**
 * Deals that stand where they are to be measured, made cheaply: each is started with the state that a long-lived deal hands over to its next
 * run, so one workflow task brings it to its wait. From then on it is a deal like any other. Ten thousand of them through every step would
 * take most of an hour.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { workflowIdOf } from '../../src/deal/ids.js';
import { WORKFLOW_TYPE } from '../../src/deal/messages.js';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import type { DealStart } from '../../src/deal/start.js';
import { beginStage, note, openDeal, type DealState } from '../../src/deal/state.js';
import type { DealMemo } from '../../src/gateway/deal-list.js';
import { PARTIES } from '../servers.js';
import { cpuMsOf } from '../process-usage.js';

const DAY_MS = 24 * 3_600_000;
const AT_ONCE = 20;
const PATIENCE_MS = 600_000;
/** Started, a workflow task, and the timer of the wait. */
const EVENTS_OF_A_WAIT = 5;

const KEYS = {
  stage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  documentType: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  envelopeId: defineSearchAttributeKey('EnvelopeId', SEARCH_ATTRIBUTES.EnvelopeId),
  provider: defineSearchAttributeKey('SigningProvider', SEARCH_ATTRIBUTES.SigningProvider),
  since: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

export interface Carried {
  taskQueue: string;
  documentUri: string;
  stage: 'in-review' | 'out-for-signature';
  /** What the provider calls the envelope that all of them stand at. */
  envelopeId: string;
}

/** Starts the deals and settles once Temporal has taken all of them; the worker may be at it yet. */
export async function startCarriedDeals(
  client: Client,
  dealIds: readonly string[],
  carried: Carried,
  onStarted: (done: number) => void,
): Promise<void> {
  const waiting = [...dealIds];
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let dealId = waiting.shift(); dealId !== undefined; dealId = waiting.shift()) {
      await startOne(client, dealId, carried);
      onStarted((done += 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function startOne(client: Client, dealId: string, { taskQueue, documentUri, stage, envelopeId }: Carried) {
  const start = startOf(dealId, documentUri);
  await client.workflow.start(WORKFLOW_TYPE, {
    workflowId: workflowIdOf(dealId),
    taskQueue,
    args: [start, stateIn(stage, start, envelopeId)],
    memo: { dealId, round: 1 } satisfies DealMemo,
    typedSearchAttributes: [
      { key: KEYS.stage, value: stage },
      { key: KEYS.documentType, value: start.documentType },
      { key: KEYS.envelopeId, value: envelopeId },
      { key: KEYS.provider, value: start.policy.provider },
      { key: KEYS.since, value: new Date() },
    ],
  });
}

function startOf(dealId: string, uri: string): DealStart {
  return {
    dealId,
    round: 1,
    documentType: 'order-form',
    document: { uri },
    parties: PARTIES.map((party) => ({ ...party, kind: 'signer' })),
    // Each has been open for long: it is looked at once a day.
    policy: { provider: 'atlas', upload: 'multipart', readBackFirstMs: DAY_MS, crmStages: {} },
  };
}

function stateIn(stage: Carried['stage'], start: DealStart, envelopeId: string): DealState {
  const deal = openDeal(start, new Date().toISOString());
  deal.envelope = { id: envelopeId, reviewUrl: null, apiKeyId: null, charged: stage === 'out-for-signature' };
  deal.fieldsStatus = 'ready';
  deal.fieldsVersion = 1;
  note(deal, `envelope ${envelopeId} drafted`);
  beginStage(deal, 'detecting');
  beginStage(deal, 'in-review');
  if (stage === 'out-for-signature') {
    deal.approval = { decision: 'approve', reviewer: 'reviewer', fieldsVersion: 1 };
    beginStage(deal, 'sending');
    beginStage(deal, stage);
  }
  return deal;
}

/** Settles once the worker has brought the deals (some of them will do: those started last) to their wait and has come to rest. */
export async function untilWaiting(client: Client, last: readonly string[], workerPid: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (const dealId of last) {
    for (;;) {
      const { historyLength } = await client.workflow.getHandle(workflowIdOf(dealId)).describe();
      if (historyLength >= EVENTS_OF_A_WAIT) break;
      if (Date.now() > deadline) throw new Error(`The worker has not taken ${dealId} to its wait in time`);
      await wait(100);
    }
  }
  await untilQuiet(workerPid, deadline);
}

const QUIET_SAMPLE_MS = 500;
/** A twentieth of a core: the worker's own polls and heartbeats stay below. */
const QUIET_SHARE = 0.05;

/** Settles once the process uses next to no CPU; where that cannot be read, after a moment. */
export async function untilQuiet(pid: number, deadline = Date.now() + PATIENCE_MS): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    const before = await cpuMsOf(pid);
    await wait(QUIET_SAMPLE_MS);
    const after = await cpuMsOf(pid);
    if (before === null || after === null) return;
    quiet = after - before <= QUIET_SAMPLE_MS * QUIET_SHARE ? quiet + 1 : 0;
    if (Date.now() > deadline) throw new Error('The worker does not come to rest');
  }
}
