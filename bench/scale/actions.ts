/**
 * (d) What a deal is to Temporal: events, bytes, and actions as Temporal Cloud counts them. The rule is that of
 * docs.temporal.io/cloud/actions (read in November 2026), as far as a history shows it.
 */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStack, ScaleVersion } from './scale-stack.js';
import { quantileOf } from '../quantile.js';

export const ACTION_KINDS = [
  'start',
  'activities',
  'activityRetries',
  'localActivities',
  'timers',
  'signals',
  'updates',
  'searchAttributes',
  'childWorkflows',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];
export type Actions = Record<ActionKind, number>;

export interface DealCost {
  historyEvents: number;
  historyBytes: number;
  actions: number;
  byKind: Actions;
}

/** Counts what a history shows. Queries and heartbeats leave no event: the happy path of a deal has none that Temporal would count. */
export function actionsIn(history: History): Actions {
  const counted: Actions = {
    start: 0,
    activities: 0,
    activityRetries: 0,
    localActivities: 0,
    timers: 0,
    signals: 0,
    updates: 0,
    searchAttributes: 0,
    childWorkflows: 0,
  };
  // All markers of one workflow task are one action.
  const tasksWithMarkers = new Set<string>();
  for (const event of history.events ?? []) {
    if (event.workflowExecutionStartedEventAttributes) counted.start += 1;
    if (event.activityTaskScheduledEventAttributes) counted.activities += 1;
    counted.activityRetries += Math.max((event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1, 0);
    const { markerRecordedEventAttributes: marker, workflowTaskCompletedEventAttributes: task } = event;
    if (marker) tasksWithMarkers.add(String(marker.workflowTaskCompletedEventId));
    counted.localActivities += task?.meteringMetadata?.nonfirstLocalActivityExecutionAttempts ?? 0;
    if (event.timerStartedEventAttributes) counted.timers += 1;
    if (event.workflowExecutionSignaledEventAttributes) counted.signals += 1;
    if (event.workflowExecutionUpdateAcceptedEventAttributes) counted.updates += 1;
    if (event.upsertWorkflowSearchAttributesEventAttributes) counted.searchAttributes += 1;
    // The intent and the attempt.
    if (event.startChildWorkflowExecutionInitiatedEventAttributes) counted.childWorkflows += 2;
  }
  counted.localActivities += tasksWithMarkers.size;
  return counted;
}

/** Takes some deals of each version to their end and counts; each figure is the median of the deals. */
export async function measureActions(
  stack: ScaleStack,
  { histories }: ScaleOptions,
  progress: (text: string) => void,
): Promise<{ countersign: DealCost; plain: DealCost }> {
  const costOf = async (version: ScaleVersion): Promise<DealCost> => {
    const worker = await version.startWorker();
    const dealIds = Array.from({ length: histories }, (_, index) =>
      stack.named(`${version.name}-counted-${index + 1}`),
    );
    const onCompleted = (done: number): void => progress(`(d) ${version.name}: ${done} of ${histories} deals`);
    await stack.driver.drive({ version, dealIds, concurrency: 5, onCompleted });
    const found: DealCost[] = [];
    for (const dealId of dealIds) {
      const handle = stack.client.workflow.getHandle(version.workflowIdOf(dealId));
      await handle.result();
      const { historyLength, historySize } = await handle.describe();
      const byKind = actionsIn(await handle.fetchHistory());
      const actions = ACTION_KINDS.reduce((sum, kind) => sum + byKind[kind], 0);
      found.push({ historyEvents: historyLength, historyBytes: historySize ?? NaN, actions, byKind });
    }
    await worker.process.stop();
    return medianOf(found);
  };
  return { countersign: await costOf(stack.countersign), plain: await costOf(stack.plain) };
}

function medianOf(found: readonly DealCost[]): DealCost {
  const median = (figure: (cost: DealCost) => number): number => quantileOf(found.map(figure), 0.5) ?? NaN;
  const kinds = ACTION_KINDS.map((kind) => [kind, median(({ byKind }) => byKind[kind])] as const);
  return {
    historyEvents: median((cost) => cost.historyEvents),
    historyBytes: median((cost) => cost.historyBytes),
    actions: median((cost) => cost.actions),
    byKind: Object.fromEntries(kinds) as Actions,
  };
}
