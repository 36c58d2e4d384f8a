/** Looks through what Temporal keeps for the keys it is encrypted with. */
import { tsToMs } from '@temporalio/common/lib/time.js';
import { WORKFLOW_TYPE } from '../../deal/messages.js';
import type { TemporalClient } from '../../temporal/connection.js';
import { collectKeyIds, type PLAIN } from './in-messages.js';

export interface KeyUsage {
  /** Open workflows and schedules by the keys that they need to go on; `PLAIN` for those with payloads in clear. */
  open: ReadonlyMap<string | typeof PLAIN, readonly string[]>;
  /** How many open workflows and schedules there are. */
  asked: number;
  /** How many ended deals Temporal still keeps, by the key that they began with. */
  ended: ReadonlyMap<string | typeof PLAIN, number>;
}

export interface UsageOptions {
  namespace: string;
  taskQueue: string;
  /** Told how many there are, before the first is looked at; answers what is told after each. */
  progress?: (all: number) => (done: number) => void;
}

const CALL_MS = 15_000;
const AT_ONCE = 4;
const PAGE = 500;

type Service = TemporalClient['connection']['workflowService'];
type Listed = NonNullable<Awaited<ReturnType<Service['listWorkflowExecutions']>>['executions']>[number];

/**
 * The workflows of the task queue, as Temporal's list knows them (it lags by a moment), each by the history of its present run; and the
 * schedules, each with what its last run came to. Throws Temporal's errors.
 */
export async function usageOf(
  { connection }: Pick<TemporalClient, 'connection'>,
  { namespace, taskQueue, progress = () => () => undefined }: UsageOptions,
): Promise<KeyUsage> {
  const service = connection.workflowService;
  const open = new Map<string | typeof PLAIN, string[]>();
  const ended = new Map<string | typeof PLAIN, number>();
  const ours = `TaskQueue = "${taskQueue}"`;

  const jobs: { id: string; look: () => Promise<Set<string | typeof PLAIN>> }[] = [];
  for await (const { execution } of listed(`${ours} AND ExecutionStatus IN ("Running", "Paused")`)) {
    const { workflowId: id = '', runId = '' } = execution ?? {};
    if (id) jobs.push({ id, look: () => inRun(id, runId ?? '') });
  }
  for (const id of await scheduleIds()) jobs.push({ id: `schedule ${id}`, look: () => inSchedule(id) });

  const told = progress(jobs.length);
  const waiting = jobs.values();
  let done = 0;
  async function lookOn(): Promise<void> {
    for (const { id, look } of waiting) {
      for (const keyId of await look()) open.set(keyId, [...(open.get(keyId) ?? []), id]);
      told(++done);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lookOn));

  const query = `${ours} AND WorkflowType = "${WORKFLOW_TYPE}" AND ExecutionStatus NOT IN ("Running", "Paused", "ContinuedAsNew")`;
  for await (const { memo } of listed(query)) {
    const keyIds = new Set<string | typeof PLAIN>();
    collectKeyIds(memo, keyIds);
    for (const keyId of keyIds) ended.set(keyId, (ended.get(keyId) ?? 0) + 1);
  }
  return { open, asked: jobs.length, ended };

  async function call<T>(work: () => Promise<T>): Promise<T> {
    return connection.withDeadline(Date.now() + CALL_MS, work);
  }

  async function* listed(query: string): AsyncGenerator<Listed> {
    let nextPageToken = new Uint8Array();
    do {
      const page = await call(() =>
        service.listWorkflowExecutions({ namespace, query, pageSize: PAGE, nextPageToken }),
      );
      yield* page.executions ?? [];
      nextPageToken = Uint8Array.from(page.nextPageToken ?? []);
    } while (nextPageToken.length > 0);
  }

  async function inRun(workflowId: string, runId: string): Promise<Set<string | typeof PLAIN>> {
    const keyIds = new Set<string | typeof PLAIN>();
    let nextPageToken = new Uint8Array();
    do {
      const execution = { workflowId, runId };
      const page = await call(() =>
        service.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: PAGE, nextPageToken }),
      );
      collectKeyIds(page.history, keyIds);
      nextPageToken = Uint8Array.from(page.nextPageToken ?? []);
    } while (nextPageToken.length > 0);
    return keyIds;
  }

  /** Countersign's schedules end with their task queue. */
  async function scheduleIds(): Promise<string[]> {
    const found: string[] = [];
    let nextPageToken = new Uint8Array();
    do {
      const page = await call(() => service.listSchedules({ namespace, maximumPageSize: PAGE, nextPageToken }));
      for (const { scheduleId } of page.schedules ?? []) if (scheduleId) found.push(scheduleId);
      nextPageToken = Uint8Array.from(page.nextPageToken ?? []);
    } while (nextPageToken.length > 0);
    return found.filter((id) => id.endsWith(`-${taskQueue}`));
  }

  /** The next run goes on from the result of the last, which the schedule keeps to itself: it is looked up in that run. */
  async function inSchedule(scheduleId: string): Promise<Set<string | typeof PLAIN>> {
    const { schedule, info } = await call(() => service.describeSchedule({ namespace, scheduleId }));
    const keyIds = new Set<string | typeof PLAIN>();
    collectKeyIds(schedule?.action?.startWorkflow?.input, keyIds);
    const last = (info?.recentActions ?? [])
      .toSorted((one, other) => timeOf(one) - timeOf(other))
      .at(-1)?.startWorkflowResult;
    if (last?.workflowId && last.runId) {
      const { workflowId, runId } = last;
      for (const keyId of await inRun(workflowId, runId).catch(() => [])) keyIds.add(keyId);
    }
    return keyIds;
  }
}

function timeOf({ actualTime }: { actualTime?: Parameters<typeof tsToMs>[0] }): number {
  return actualTime ? tsToMs(actualTime) : 0;
}
