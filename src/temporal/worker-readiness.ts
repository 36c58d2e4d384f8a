import type { WorkerStatus } from '@temporalio/worker';

/** Why a worker in this state takes no work; undefined when it polls for it. */
export function idleReason(status: WorkerStatus | undefined): { part: string; why: string } | undefined {
  if (!status) return { part: 'starting', why: 'The worker starts: it checks the CRM and the document store first.' };
  const { runState, workflowPollerState, activityPollerState } = status;
  if (runState === 'INITIALIZED') return { part: 'starting', why: 'The worker is about to ask Temporal for work.' };
  if (runState === 'FAILED') return { part: 'worker', why: 'The worker has failed: see its log.' };
  if (runState !== 'RUNNING') return { part: 'stopping', why: 'The worker ends its last steps and takes no more.' };
  if (workflowPollerState === 'POLLING' && activityPollerState === 'POLLING') return undefined;
  return { part: 'worker', why: 'The worker no longer asks Temporal for work: see its log, and start it again.' };
}
