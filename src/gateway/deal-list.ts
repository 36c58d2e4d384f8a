/** Deals as Temporal's visibility store lists them: for people to look over, a moment behind the deals themselves. */
import { createHash } from 'node:crypto';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import { WORKFLOW_TYPE } from '../deal/messages.js';
import { isRefusal, type Refusal } from '../deal/refusals.js';
import { SEARCH_ATTRIBUTES } from '../deal/search-attributes.js';
import { FINAL_STAGES, OPEN_STAGES, type Stage } from '../deal/stages.js';
import { undecipherableIn } from '../temporal/encryption.js';

type Execution = Parameters<typeof executionInfoFromRaw>[0];

/** Which deals; all that is given must hold. */
export interface DealFilter {
  stage?: Stage;
  /** True for those that stand still, false for those that do not, or one reason. */
  blocked?: boolean | Refusal;
  documentType?: string;
  tenant?: string;
  /** ISO 8601: in their stage since before then. */
  since?: string;
  /** Only those whose workflow runs. */
  open?: boolean;
  /** A list filter of Temporal's, in its own words. */
  query?: string;
  cursor?: string;
  /** At most 1,000; 100 by default. */
  limit?: number;
}

export interface DealLine {
  dealId: string;
  round: number;
  workflowId: string;
  runId: string;
  open: boolean;
  /** Null for deals that somebody started without it. */
  stage: Stage | null;
  blocked: Refusal | null;
  documentType: string | null;
  envelopeId: string | null;
  /** ISO 8601 instants. */
  since: string | null;
  startedAt: string;
  endedAt: string | null;
  /** When the review is overdue; null when there is no such time. */
  reviewDue: string | null;
}

export interface DealPage {
  deals: DealLine[];
  /** The `cursor` of the next page; null when this is the last. */
  next: string | null;
}

/** The words of a list query are wrong; the message says how. */
export class UnreadableQuery extends Error {
  override readonly name = 'UnreadableQuery';
}

/** What the memo of a deal's workflow holds: whose round it is, since the workflow id alone can mean two deals. */
export interface DealMemo extends Record<string, unknown> {
  dealId: string;
  round: number;
  /** How long a draft may wait for its review, in milliseconds: lists show what is overdue by it. */
  reviewSlaMs?: number;
}

export const dealMemoSchema = z.looseObject({
  dealId: z.string(),
  round: z.number(),
  reviewSlaMs: z.number().optional().catch(undefined),
});

const KEYS = {
  stage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  blocked: defineSearchAttributeKey('DealBlocked', SEARCH_ATTRIBUTES.DealBlocked),
  documentType: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  envelopeId: defineSearchAttributeKey('EnvelopeId', SEARCH_ATTRIBUTES.EnvelopeId),
  since: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

/** The filter as Temporal's list filter. */
export function queryOf(filter: DealFilter): string {
  const { stage, blocked, documentType, tenant, since, open, query } = filter;
  return [
    // Earlier runs of a long-lived deal are not deals of their own.
    `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus != 'ContinuedAsNew'`,
    open && `ExecutionStatus = 'Running'`,
    stage && `DealStage = '${stage}'`,
    blocked !== undefined && blockedQuery(blocked),
    documentType !== undefined && `DocumentType = ${quoted(documentType)}`,
    tenant !== undefined && `DealTenant = ${quoted(tenant)}`,
    since !== undefined && `StageSince < '${new Date(since).toISOString()}'`,
    query !== undefined && `(${query})`,
  ]
    .filter(Boolean)
    .join(' AND ');
}

function blockedQuery(blocked: boolean | Refusal): string {
  if (typeof blocked === 'string') return `DealBlocked = '${blocked}'`;
  return blocked ? 'DealBlocked IS NOT NULL' : 'DealBlocked IS NULL';
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** One page, the open ones first, newest first. Throws Temporal's errors (INVALID_ARGUMENT when it cannot read the query) and `UnreadableQuery`. */
export async function listDeals(client: Client, namespace: string, filter: DealFilter): Promise<DealPage> {
  const { limit = 100, cursor } = filter;
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace,
    query: queryOf(filter),
    pageSize: limit,
    ...(cursor !== undefined && { nextPageToken: tokenOf(cursor) }),
  });
  const converter = client.options.loadedDataConverter;
  const infoOf = (raw: Execution) => executionInfoFromRaw(raw, converter, undefined, namespace);
  const infos = await Promise.all(
    (executions ?? []).map((raw) =>
      infoOf(raw).catch((error: unknown) => {
        // A list is not to fail over one deal whose key is gone.
        if (!undecipherableIn(error)) throw error;
        raw.memo = null;
        return infoOf(raw);
      }),
    ),
  );
  // A query in the caller's own words may name other workflows too.
  const deals = infos.filter(({ type }) => type === WORKFLOW_TYPE).map(lineOf);
  const next = nextPageToken && nextPageToken.length > 0 ? cursorOf(nextPageToken) : null;
  return { deals, next };
}

const CHECK_BYTES = 6;

/** Temporal's token behind a checksum: it fails in an unclear way over one that was cut short. */
function cursorOf(token: Uint8Array): string {
  return Buffer.concat([checkOf(token), token]).toString('base64url');
}

function tokenOf(cursor: string): Uint8Array {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(CHECK_BYTES);
  if (checkOf(token).equals(bytes.subarray(0, CHECK_BYTES))) return token;
  throw new UnreadableQuery('the cursor is not the next of an earlier answer');
}

function checkOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest().subarray(0, CHECK_BYTES);
}

/** How many deals the filter finds. */
export async function countDeals(client: Client, namespace: string, filter: DealFilter): Promise<number> {
  const { count } = await client.workflowService.countWorkflowExecutions({ namespace, query: queryOf(filter) });
  return Number(count ?? 0);
}

function lineOf(
  info: Pick<
    WorkflowExecutionInfo,
    'workflowId' | 'runId' | 'status' | 'memo' | 'startTime' | 'closeTime' | 'typedSearchAttributes'
  >,
): DealLine {
  const { workflowId, runId, status, startTime, closeTime, typedSearchAttributes: attributes } = info;
  const memo = dealMemoSchema.safeParse(info.memo).data;
  const stage = STAGES.find((known) => known === attributes.get(KEYS.stage)) ?? null;
  const blocked = attributes.get(KEYS.blocked);
  const since = attributes.get(KEYS.since);
  const due = stage === 'in-review' && since && memo?.reviewSlaMs !== undefined;
  return {
    // Without a memo a person started it by hand: its id is all there is to go by.
    dealId: memo?.dealId ?? workflowId.replace(/^deal-/, ''),
    round: memo?.round ?? 1,
    workflowId,
    runId,
    open: status.name === 'RUNNING' || status.name === 'PAUSED',
    stage,
    blocked: isRefusal(blocked) ? blocked : null,
    documentType: attributes.get(KEYS.documentType) ?? null,
    envelopeId: attributes.get(KEYS.envelopeId) ?? null,
    since: since?.toISOString() ?? null,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    reviewDue: due ? new Date(since.getTime() + (memo.reviewSlaMs ?? 0)).toISOString() : null,
  };
}

const STAGES: readonly Stage[] = [...OPEN_STAGES, ...FINAL_STAGES];
