/** What Temporal knows of deals and of their shadows, asked in its own words. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import { WORKFLOW_TYPE } from '../../deal/messages.js';
import type { ProviderName } from '../../deal/policy.js';
import { SEARCH_ATTRIBUTES } from '../../deal/search-attributes.js';
import { SHADOW_TYPE, type ShadowReport } from '../../deal/shadow.js';
import type { TemporalClient } from '../../temporal/connection.js';

const DOCUMENT_TYPE = defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType);
const ENVELOPE_ID = defineSearchAttributeKey('EnvelopeId', SEARCH_ATTRIBUTES.EnvelopeId);

const CALL_MS = 15_000;
const AT_ONCE = 8;
/** Envelope ids of one query. */
const IDS_AT_ONCE = 50;

/** A text inside a list filter of Temporal's. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const DEALS = `WorkflowType = '${WORKFLOW_TYPE}'`;
const by = (provider: ProviderName): string => `${DEALS} AND SigningProvider = '${provider}'`;

export async function count({ client, connection }: TemporalClient, query: string): Promise<number> {
  return connection.withDeadline(Date.now() + CALL_MS, async () => (await client.workflow.count(query)).count);
}

export function openBy(temporal: TemporalClient, provider: ProviderName, type?: string): Promise<number> {
  const ofType = type === undefined ? '' : ` AND DocumentType = ${quoted(type)}`;
  return count(temporal, `${by(provider)} AND ExecutionStatus = 'Running'${ofType}`);
}

/** Deals by `provider` that Temporal was told to end, so that nobody looks after their envelopes. */
export function cutOff(temporal: TemporalClient, provider: ProviderName): Promise<number> {
  const ends = ['Terminated', 'Failed', 'TimedOut'].map((status) => `ExecutionStatus = '${status}'`).join(' OR ');
  return count(temporal, `${by(provider)} AND (${ends})`);
}

/** Document types that deals by `provider` have had, as far back as Temporal remembers. */
export async function typesBy(temporal: TemporalClient, provider: ProviderName): Promise<string[]> {
  const types: string[] = [];
  for (;;) {
    const others = types.map((type) => ` AND DocumentType != ${quoted(type)}`).join('');
    const query = `${by(provider)} AND DocumentType IS NOT NULL${others}`;
    const [found] = await listed(temporal, query, 1, ({ typedSearchAttributes }) =>
      typedSearchAttributes.get(DOCUMENT_TYPE),
    );
    if (found === undefined || types.includes(found)) return types;
    types.push(found);
  }
}

const dealResult = z.looseObject({ outcome: z.string(), figures: z.looseObject({ blocked: z.number() }) });

/** How many of the type's contracts Atlas has brought to their end without standing still once; no more than `enough` are counted. */
export async function cleanByAtlas(temporal: TemporalClient, type: string, enough: number): Promise<number> {
  const ended = `${by('atlas')} AND DocumentType = ${quoted(type)} AND ExecutionStatus = 'Completed' AND DealStage = 'completed'`;
  let clean = 0;
  for await (const runs of pages(temporal, ended, AT_ONCE)) {
    for (const result of await resultsOf(temporal, runs)) {
      const deal = dealResult.safeParse(result);
      if (deal.success && deal.data.outcome === 'completed' && deal.data.figures.blocked === 0) clean += 1;
    }
    if (clean >= enough) return enough;
  }
  return clean;
}

const shadowReport = z.looseObject({
  documentType: z.string(),
  workflowId: z.string(),
  revision: z.number(),
  result: z.enum(['same', 'other-fields', 'differs', 'not-comparable']),
  missing: z.number(),
  extra: z.number(),
  takenAway: z.boolean(),
});

export interface ShadowReports {
  reports: ShadowReport[];
  /** Shadows that have not ended yet. */
  running: number;
}

/** Reports of shadows that began since then, newest first. */
export async function shadowReports(
  temporal: TemporalClient,
  { since, type, most }: { since: Date; type?: string; most: number },
): Promise<ShadowReports> {
  const ofType = type === undefined ? '' : ` AND DocumentType = ${quoted(type)}`;
  const shadows = `WorkflowType = '${SHADOW_TYPE}' AND StartTime >= '${since.toISOString()}'${ofType}`;
  const reports: ShadowReport[] = [];
  for await (const runs of pages(temporal, `${shadows} AND ExecutionStatus = 'Completed'`, AT_ONCE)) {
    for (const result of await resultsOf(temporal, runs))
      if (shadowReport.safeParse(result).success) reports.push(result as ShadowReport);
    if (reports.length >= most) break;
  }
  return {
    reports: reports.slice(0, most),
    running: await count(temporal, `${shadows} AND ExecutionStatus = 'Running'`),
  };
}

/** The document types of the deals that have these envelopes now, by envelope id in lower case. */
export async function typesOfEnvelopes(
  temporal: TemporalClient,
  envelopeIds: readonly string[],
): Promise<Map<string, string>> {
  const types = new Map<string, string>();
  for (let at = 0; at < envelopeIds.length; at += IDS_AT_ONCE) {
    const ids = envelopeIds.slice(at, at + IDS_AT_ONCE).map(quoted);
    const query = `${DEALS} AND EnvelopeId IN (${ids.join(', ')})`;
    for (const [id, type] of await listed(temporal, query, Infinity, ({ typedSearchAttributes }) => {
      const id = typedSearchAttributes.get(ENVELOPE_ID);
      return id === undefined ? undefined : ([id, typedSearchAttributes.get(DOCUMENT_TYPE) ?? ''] as const);
    }))
      types.set(id.toLowerCase(), type);
  }
  return types;
}

interface Run {
  workflowId: string;
  runId: string;
}

async function listed<T>(
  temporal: TemporalClient,
  query: string,
  most: number,
  of: (info: WorkflowExecutionInfo) => T | undefined,
): Promise<T[]> {
  const found: T[] = [];
  for await (const info of each(temporal, query)) {
    const value = of(info);
    if (value !== undefined) found.push(value);
    if (found.length >= most) break;
  }
  return found;
}

/** `size` runs at a time. */
async function* pages(temporal: TemporalClient, query: string, size: number): AsyncGenerator<Run[]> {
  let page: Run[] = [];
  for await (const { workflowId, runId } of each(temporal, query)) {
    page.push({ workflowId, runId });
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Each answer has its own deadline. */
async function* each({ client, connection }: TemporalClient, query: string): AsyncGenerator<WorkflowExecutionInfo> {
  const list = client.workflow.list({ query, pageSize: 200 })[Symbol.asyncIterator]();
  for (;;) {
    const next = await connection.withDeadline(Date.now() + CALL_MS, () => list.next());
    if (next.done) return;
    yield next.value;
  }
}

function resultsOf({ client, connection }: TemporalClient, runs: readonly Run[]): Promise<unknown[]> {
  return Promise.all(
    runs.map(({ workflowId, runId }) =>
      connection.withDeadline(Date.now() + CALL_MS, () =>
        client.workflow
          .getHandle(workflowId, runId)
          .result()
          .catch(() => null),
      ),
    ),
  );
}
