/** Asks everybody, once all deals have ended. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { workflowIdOf } from '../src/deal/ids.js';
import { openSignedDocument } from '../src/stack/demo/signed-document.js';
import type { AtlasDesk } from './atlas-desk.js';
import type { TrialCrm } from './crm.js';
import type { DrivenDeal } from './drive.js';
import type { GatewayClient } from './gateway-client.js';
import type { DealFacts, FiledFacts, World } from './world.js';

export interface Witnesses {
  gateway: GatewayClient;
  client: Client;
  atlas: AtlasDesk;
  atlasKey: string;
  crm: TrialCrm;
  /** Folder of the document store. */
  filed: string;
}

const AT_A_TIME = 8;
/** A deal whose history does not replay is never shown: no use in waiting for long. */
const READ_MS = 30_000;

export async function collect(
  driven: readonly DrivenDeal[],
  { gateway, client, atlas, atlasKey, crm, filed }: Witnesses,
): Promise<World> {
  const deals = await each(driven, async ({ dealId, path, end, starts, last }): Promise<DealFacts> => {
    const { record, notes, attachments, gone } = await crm.deal(dealId);
    const snapshot = end === null ? last : await gateway.deal(dealId, READ_MS);
    const run = await runOf(client, dealId);
    return { dealId, path, end, starts, snapshot, run, crm: { record, notes, attachments, gone } };
  });
  const envelopes = await each(await atlas.envelopeIds(), (id) => atlas.envelope(id));
  const { spent, refunded, duplicates, bucketAuthorizationLeaks } = await atlas.state();
  return {
    deals,
    envelopes,
    atlas: { duplicates, bucketAuthorizationLeaks, spent: spent[atlasKey] ?? 0, refunded: refunded[atlasKey] ?? 0 },
    filed: await filedIn(filed),
    complaints: gateway.complaints,
  };
}

const resultSchema = z.object({ outcome: z.string(), envelopeId: z.string().nullable() });

async function runOf(client: Client, dealId: string): Promise<DealFacts['run']> {
  const handle = client.workflow.getHandle(workflowIdOf(dealId));
  try {
    const { status, raw } = await handle.describe();
    const completed = status.name === 'COMPLETED';
    return {
      status: status.name,
      result: completed ? resultSchema.parse(await handle.result()) : null,
      stuckAt: [
        ...(raw.pendingActivities ?? []).map(
          ({ activityType, attempt, lastFailure }) =>
            `${activityType?.name} failed ${attempt} times: ${lastFailure?.message}`,
        ),
        ...(raw.pendingWorkflowTask
          ? [`its workflow task is tried for the ${raw.pendingWorkflowTask.attempt}th time`]
          : []),
      ],
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function filedIn(folder: string): Promise<FiledFacts[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  // What begins with a dot was being written when its worker was killed: it is not filed.
  const files = names.filter((name) => /(^|\/)[^./][^/]*\.pdf$/.test(name));
  return each(files, async (name) => {
    const bytes = await readFile(join(folder, name));
    const text = await openSignedDocument(bytes).then(
      (document) => document.text,
      () => null,
    );
    return {
      uri: pathToFileURL(join(folder, name)).href,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      text,
    };
  });
}

async function each<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const answers: U[] = [];
  for (let from = 0; from < items.length; from += AT_A_TIME) {
    answers.push(...(await Promise.all(items.slice(from, from + AT_A_TIME).map(work))));
  }
  return answers;
}
