/** The rounds of a deal in Temporal: workflow `deal-<id>` is the first, `deal-<id>-2` the second. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { z } from 'zod';
import { workflowIdOf } from '../deal/ids.js';
import { dealMemoSchema } from './deal-list.js';

export interface Round {
  workflowId: string;
  round: number;
  /** The workflow belongs to another deal. */
  foreign: boolean;
  description: WorkflowExecutionDescription;
}

/** One round as Temporal knows it; undefined when it never was or is forgotten. */
export async function lookUpRound(client: Client, dealId: string, round: number): Promise<Round | undefined> {
  const workflowId = workflowIdOf(dealId, round);
  const description = await describe(client, workflowId);
  if (!description) return undefined;
  const memo = dealMemoSchema.safeParse(description.memo);
  // Without a memo a person started it by hand: its id is all there is to go by.
  const foreign = memo.success && (memo.data.dealId !== dealId || memo.data.round !== round);
  return { workflowId, round, foreign, description };
}

/** The latest round of the deal. The first may be forgotten while the second is known, so one gap does not end the search. */
export async function latestRound(client: Client, dealId: string): Promise<Round | undefined> {
  let latest: Round | undefined;
  for (let round = 1; ; round++) {
    const found = await lookUpRound(client, dealId, round);
    if (found && !found.foreign) latest = found;
    else if (latest || round > 1) return latest;
  }
}

export async function describe(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

export function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

const resultSchema = z.looseObject({ outcome: z.string() });

/** How a deal ended: its own outcome, or Temporal's word (`terminated`, `failed`) for one that was cut off. */
export async function outcomeOf(
  client: Client,
  { workflowId, runId, status }: WorkflowExecutionDescription,
): Promise<string> {
  if (status.name !== 'COMPLETED') return status.name.toLowerCase().replace('_', '-');
  const result = resultSchema.safeParse(await client.workflow.getHandle(workflowId, runId).result());
  return result.success ? result.data.outcome : 'completed';
}
