/** Asks every open deal which API key made its envelope. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { DEAL_QUERY, WORKFLOW_TYPE } from '../deal/messages.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import { FINAL_STAGES, type Stage } from '../deal/stages.js';
import type { TemporalClient } from '../temporal/connection.js';

export interface OpenDeal {
  workflowId: string;
  hasEnvelope: boolean;
  /** Null where the deal does not tell: it has no envelope, or an older version of the workflow made it. */
  apiKeyId: string | null;
}

export interface AskedDeals {
  deals: OpenDeal[];
  /** Workflow ids of those that gave no answer in time. */
  unanswered: string[];
}

export interface AskingOptions {
  /** Told after each deal. */
  progress?: (asked: number, all: number) => void;
  /** How long one deal may take to answer. */
  answerMs?: number;
}

const LIST_MS = 15_000;
const ANSWER_MS = 5_000;
const AT_ONCE = 10;
/** When so many in a row from the first stay silent, the others would too, and each would take its full time. */
const GIVE_UP_AFTER = 50;

const OPEN = `WorkflowType = "${WORKFLOW_TYPE}" AND ExecutionStatus = "Running"`;

/** Throws when the list cannot be read; deals that do not answer are named. A deal that ends meanwhile counts no more. */
export async function askOpenDeals(temporal: TemporalClient, options: AskingOptions = {}): Promise<AskedDeals> {
  const { progress = () => undefined, answerMs = ANSWER_MS } = options;
  const open = await listOpen(temporal);
  const waiting = open.values();
  const asked: AskedDeals = { deals: [], unanswered: [] };
  let count = 0;

  async function askNext(): Promise<void> {
    for (const workflowId of waiting) {
      if (count === asked.unanswered.length && count >= GIVE_UP_AFTER) asked.unanswered.push(workflowId);
      else await ask(workflowId);
      progress(++count, open.length);
    }
  }

  async function ask(workflowId: string): Promise<void> {
    try {
      const deal = await answerOf(temporal, workflowId, answerMs);
      if (deal) asked.deals.push(deal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) asked.unanswered.push(workflowId);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return asked;
}

async function listOpen({ client, connection }: TemporalClient): Promise<string[]> {
  const found: string[] = [];
  const list = client.workflow.list({ query: OPEN, pageSize: 500 })[Symbol.asyncIterator]();
  for (;;) {
    const next = await connection.withDeadline(Date.now() + LIST_MS, () => list.next());
    if (next.done) return found;
    found.push(next.value.workflowId);
  }
}

/** Undefined for a deal that has ended, or that another provider than Atlas serves. */
async function answerOf(
  { client, connection }: TemporalClient,
  workflowId: string,
  answerMs: number,
): Promise<OpenDeal | undefined> {
  // A deal of an older version may answer less.
  const snapshot = await connection.withDeadline(Date.now() + answerMs, () =>
    client.workflow.getHandle(workflowId).query<Partial<DealSnapshot>>(DEAL_QUERY),
  );
  const { stage, provider = 'atlas', envelopeId = null, apiKeyId = null } = snapshot;
  const ended: readonly (Stage | undefined)[] = FINAL_STAGES;
  if (ended.includes(stage) || provider !== 'atlas') return undefined;
  return { workflowId, hasEnvelope: envelopeId !== null, apiKeyId };
}
