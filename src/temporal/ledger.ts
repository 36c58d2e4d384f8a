import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import {
  LEDGER_TYPE,
  ledgerIdOf,
  RESERVE_SEND,
  VOUCH,
  VOUCHED,
  type Ledger,
  type Reservation,
} from '../deal/ledger.js';

/** The ledger as a workflow of its own, which the first entry starts. Calls throw Temporal's errors; each may be repeated. */
export function createTemporalLedger(client: Client, taskQueue: string): Ledger {
  const workflowId = ledgerIdOf(taskQueue);

  async function enter<Result, Argument>(update: string, argument: Argument): Promise<Result> {
    return client.workflow.executeUpdateWithStart<Workflow, Result, [Argument]>(update, {
      args: [argument],
      startWorkflowOperation: new WithStartWorkflowOperation(LEDGER_TYPE, {
        workflowId,
        taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Sends of the day and approved template versions',
      }),
    });
  }

  return {
    reserveSend: (reservation) => enter<boolean, Reservation>(RESERVE_SEND, reservation),
    vouch: (templateVersion) => enter<void, string>(VOUCH, templateVersion),
    async isVouched(templateVersion) {
      try {
        return await client.workflow.getHandle(workflowId).query<boolean, [string]>(VOUCHED, templateVersion);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}
