/**
 * Whether the feed of customer events has been read for long enough that silence in it means something. A sync that succeeded has everything from
 * the one before, or, where the feed began anew, from as far back as it looks then: so syncs that are no further apart than that leave no gap.
 */
import { z } from 'zod';
import { FEED_SYNCS } from '../../deal/feeds.js';
import type { TemporalClient } from '../../temporal/connection.js';
import { count } from './asked.js';

/** A sync succeeded at some moment between these, in ms since 1970. */
export interface Synced {
  from: number;
  to: number;
}

export interface FeedLife {
  /** When the latest sync succeeded, and up to when it has everything; ISO 8601. Null: Temporal knows of none. */
  latest: { at: string; upTo: string | null } | null;
  /** In the order of time. */
  syncs: Synced[];
}

export interface Cover {
  ok: boolean;
  /** What is missing, in words; null when nothing is. */
  why: string | null;
}

/** An event may be some minutes old before it is told at all; a feed that is behind by more has stopped. */
const FRESH_MS = 3_600_000;
const HOUR_MS = 3_600_000;

/** Whether nothing can be missing between `from` and `now`. Unsure is no. `lookBackMs`: how far a feed looks back that begins anew. */
export function coverOf({ latest, syncs }: FeedLife, from: number, now: number, lookBackMs: number): Cover {
  const no = (why: string): Cover => ({ ok: false, why });
  if (lookBackMs < HOUR_MS)
    return no('DOCUSIGN_LOOK_BACK is below an hour, so that a feed which began anew may have gaps');
  if (!latest) return no('Temporal knows of no sync of the feed that succeeded');
  const upTo = Math.min(Date.parse(latest.at), Date.parse(latest.upTo ?? latest.at));
  if (now - upTo > FRESH_MS) return no(`the feed has everything only up to ${instant(upTo)}`);
  // Where a sync can have been at any moment of a stretch, the worst one counts.
  let coveredTo = from;
  for (const sync of [...syncs, { from: upTo, to: upTo }]) {
    if (sync.to - lookBackMs > coveredTo)
      return no(`nothing shows that the feed was read between ${instant(coveredTo)} and ${instant(sync.to)}`);
    coveredTo = Math.max(coveredTo, sync.from);
  }
  return { ok: true, why: null };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

const AT_ONCE = 10;
const SHORTEST_STRETCH_MS = 15 * 60_000;
const CALL_MS = 15_000;

/** Asks Temporal which syncs of the feed succeeded from `from` on. They are counted by stretches: there is one every few minutes. */
export async function syncsSince(
  temporal: TemporalClient,
  taskQueue: string,
  { from, now, lookBackMs }: { from: number; now: number; lookBackMs: number },
): Promise<FeedLife> {
  const synced = `WorkflowType = '${FEED_SYNCS['customer-events'].workflowType}' AND ExecutionStatus = 'Completed' AND TaskQueue = '${taskQueue}'`;
  const stretch = Math.min(Math.max(lookBackMs / 4, SHORTEST_STRETCH_MS), 12 * HOUR_MS);
  const stretches: Synced[] = [];
  for (let start = from; start < now; start += stretch)
    stretches.push({ from: start, to: Math.min(start + stretch, now) });
  const syncs: Synced[] = [];
  for (let at = 0; at < stretches.length; at += AT_ONCE) {
    const some = stretches.slice(at, at + AT_ONCE);
    const counts = await Promise.all(
      some.map((one) =>
        count(temporal, `${synced} AND CloseTime >= '${instant(one.from)}' AND CloseTime < '${instant(one.to)}'`),
      ),
    );
    syncs.push(...some.filter((_one, index) => (counts[index] ?? 0) > 0));
  }
  return { latest: await latestSync(temporal, synced), syncs };
}

const syncResult = z.looseObject({ place: z.looseObject({ upTo: z.iso.datetime({ offset: true }) }) });

async function latestSync({ client, connection }: TemporalClient, query: string): Promise<FeedLife['latest']> {
  const list = client.workflow.list({ query, pageSize: 1 })[Symbol.asyncIterator]();
  const next = await connection.withDeadline(Date.now() + CALL_MS, () => list.next());
  const run = next.done ? undefined : next.value;
  if (!run?.closeTime) return null;
  const result: unknown = await connection.withDeadline(Date.now() + CALL_MS, () =>
    client.workflow
      .getHandle(run.workflowId, run.runId)
      .result()
      .catch(() => null),
  );
  const read = syncResult.safeParse(result);
  return { at: run.closeTime.toISOString(), upTo: read.success ? read.data.place.upTo : null };
}
