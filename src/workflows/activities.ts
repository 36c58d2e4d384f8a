/** What the workflow may ask of the outside, with how long and how often each is tried. */
import {
  proxyActivities,
  proxyLocalActivities,
  type ActivityOptions,
  type LocalActivityOptions,
} from '@temporalio/workflow';
import type { Activities, DealAccount } from '../activities/index.js';
import type { DealState } from '../deal/state.js';
import { tick } from './clock.js';

/**
 * A provider that is down is tried for as long as it takes; the heartbeat tells within seconds that a worker died. One try may
 * hold three calls of up to 30 s, or an upload of up to two minutes.
 */
export const PATIENT: ActivityOptions = {
  startToCloseTimeout: '3 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
};

/**
 * One look a try; the failure of a try says when the next is due. After an hour the deal says that it stands still. A look that is lost with its
 * worker, or on its way to one (seen on a machine that had no time left), is taken again after seconds.
 */
const DETECTION: ActivityOptions = {
  startToCloseTimeout: '35 seconds',
  heartbeatTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 hour',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 1.5, maximumInterval: '30 seconds' },
};

/** A signed PDF of many megabytes takes its time; after an hour of trying the deal says that it stands still. */
const FILING: ActivityOptions = {
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
};

/** A deal of no tenant says nothing of one. */
export function accountOf({ start: { policy, tenant } }: DealState): DealAccount {
  return { provider: policy.provider, ...(tenant !== undefined && { tenant }) };
}

/** Runs an activity, at the deal's own provider, and sets the deal's clock at its end. */
function ticking<Input, Result>(deal: DealState, activity: (input: Input & DealAccount) => Promise<Result>) {
  return async (input: Input): Promise<Result> => {
    try {
      return await activity({ ...input, ...accountOf(deal) });
    } finally {
      tick(deal);
    }
  };
}

/** What may take long or must be in the history before anything follows from it. */
export const outside = (deal: DealState) => {
  /**
   * Each with what Temporal's UI shows of it. A tenant's wait in its line at the queue, which keeps its turns and its rate: what Temporal hands
   * out with the answer to a workflow task ("eagerly") goes past both.
   */
  const as = (options: ActivityOptions, summary: string) =>
    proxyActivities<Activities>({ ...options, summary, allowEagerDispatch: deal.start.tenant === undefined });
  return {
    createEnvelope: ticking(deal, as(PATIENT, 'make the draft at the provider').createEnvelope),
    createFromTemplate: ticking(deal, as(PATIENT, 'make the envelope from the template').createFromTemplate),
    adoptEnvelope: ticking(deal, as(PATIENT, 'look at the envelope to take over').adoptEnvelope),
    vouchForTemplate: ticking(deal, as(PATIENT, 'remember that a person let this template out').vouchForTemplate),
    sendEnvelope: ticking(deal, as(PATIENT, 'send the approved envelope').sendEnvelope),
    voidEnvelope: ticking(deal, as(PATIENT, 'void what is at the provider').voidEnvelope),
    remindSigner: ticking(deal, as(PATIENT, 'remind the signer whose turn it is').remindSigner),
    recordInCrm: ticking(deal, as(PATIENT, 'tell the CRM how the deal ended').recordInCrm),
    awaitFields: ticking(deal, as(DETECTION, 'wait until the fields are detected').awaitFields),
    fileSignedPdf: ticking(deal, as(FILING, 'fetch, check and file the signed PDF').fileSignedPdf),
  };
};

/**
 * Short reads and repeatable writes, one history event each. From a retry interval of ten seconds on the wait becomes a timer, so
 * that an outage does not hold a workflow task.
 */
const SHORT: LocalActivityOptions = {
  startToCloseTimeout: '30 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
};

/** A CRM that takes the PDF itself may need a minute for it, a large document from far away two. */
const brief = (summary: string) => {
  const { readEnvelope, recordInCrm } = proxyLocalActivities<Activities>({ ...SHORT, summary });
  const { completeInCrm } = proxyLocalActivities<Activities>({ ...SHORT, summary, startToCloseTimeout: '2 minutes' });
  const { pinDocument } = proxyLocalActivities<Activities>({ ...SHORT, summary, startToCloseTimeout: '3 minutes' });
  const { fileSignedPdf } = proxyLocalActivities<Activities>({ ...ONE_TRY, summary });
  return { readEnvelope, recordInCrm, completeInCrm, pinDocument, fileSignedPdf };
};

/** Most signed PDFs are filed within a second. What takes longer, or fails, must not hold a workflow task. */
const ONE_TRY: LocalActivityOptions = { startToCloseTimeout: '8 seconds', retry: { maximumAttempts: 1 } };

/**
 * Runs one local activity, which Temporal's UI shows as `summary`, and keeps updates out while it does. The deal's clock stands still
 * meanwhile. When a query comes in its midst, the SDK ends the workflow task with the activity's marker but without what follows from it; an
 * update accepted in the next task then stands in the history before commands that a replay gives before it, and the deal could never be
 * replayed (TMPRL1100, seen with SDK 1.24.0). `test/workflows/busy-deal.test.ts` shows it.
 */
export async function atOnce<T>(
  deal: DealState,
  summary: string,
  call: (activities: ReturnType<typeof brief>) => Promise<T>,
): Promise<T> {
  deal.busy = true;
  try {
    return await call(brief(summary));
  } finally {
    deal.busy = false;
  }
}
