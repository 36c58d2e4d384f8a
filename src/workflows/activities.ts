/** What the workflow may ask of the outside, with how long and how often each is tried. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { DealState } from '../deal/state.js';
import { tick } from './clock.js';

/**
 * A provider that is down is tried for as long as it takes; the heartbeat tells within seconds that a worker died. One try may
 * hold three calls of up to 30 s, or an upload of up to two minutes.
 */
const patient = proxyActivities<Activities>({
  startToCloseTimeout: '3 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** One look a try; the failure of a try says when the next is due. After an hour the deal says that it stands still. */
const detection = proxyActivities<Activities>({
  startToCloseTimeout: '35 seconds',
  scheduleToCloseTimeout: '1 hour',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 1.5, maximumInterval: '30 seconds' },
});

/** A signed PDF of many megabytes takes its time; after an hour of trying the deal says that it stands still. */
const filing = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** Runs an activity and sets the deal's clock at its end. */
function ticking<Input, Result>(deal: DealState, activity: (input: Input) => Promise<Result>) {
  return async (input: Input): Promise<Result> => {
    try {
      return await activity(input);
    } finally {
      tick(deal);
    }
  };
}

/** What may take long or must be in the history before anything follows from it. */
export const outside = (deal: DealState) => ({
  createEnvelope: ticking(deal, patient.createEnvelope),
  createFromTemplate: ticking(deal, patient.createFromTemplate),
  adoptEnvelope: ticking(deal, patient.adoptEnvelope),
  vouchForTemplate: ticking(deal, patient.vouchForTemplate),
  sendEnvelope: ticking(deal, patient.sendEnvelope),
  voidEnvelope: ticking(deal, patient.voidEnvelope),
  remindSigner: ticking(deal, patient.remindSigner),
  recordInCrm: ticking(deal, patient.recordInCrm),
  awaitFields: ticking(deal, detection.awaitFields),
  fileSignedPdf: ticking(deal, filing.fileSignedPdf),
});

/**
 * Short reads and repeatable writes, one history event each. From a retry interval of ten seconds on the wait becomes a timer, so
 * that an outage does not hold a workflow task.
 */
const short = {
  startToCloseTimeout: '30 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
} as const;

const { readEnvelope, recordInCrm } = proxyLocalActivities<Activities>(short);
/** A CRM that takes the PDF itself may need a minute for it. */
const { attachSignedPdf } = proxyLocalActivities<Activities>({ ...short, startToCloseTimeout: '2 minutes' });
const brief = { readEnvelope, recordInCrm, attachSignedPdf };

/**
 * Runs one local activity and keeps updates out while it does. The deal's clock stands still meanwhile. When a query comes in its midst, the SDK ends the workflow task with
 * the activity's marker but without what follows from it; an update accepted in the next task then stands in the history before
 * commands that a replay gives before it, and the deal could never be replayed (TMPRL1100, seen with SDK 1.24.0; signals are
 * not concerned). `test/workflows/busy-deal.test.ts` shows it.
 */
export async function atOnce<T>(deal: DealState, call: (activities: typeof brief) => Promise<T>): Promise<T> {
  deal.busy = true;
  try {
    return await call(brief);
  } finally {
    deal.busy = false;
  }
}
