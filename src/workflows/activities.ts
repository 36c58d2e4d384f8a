/** What the workflow may ask of the outside, with how long and how often each is tried. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

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

export const outside = {
  createEnvelope: patient.createEnvelope,
  sendEnvelope: patient.sendEnvelope,
  voidEnvelope: patient.voidEnvelope,
  remindSigner: patient.remindSigner,
  awaitFields: detection.awaitFields,
  fileSignedPdf: filing.fileSignedPdf,
};

/**
 * Short reads and repeatable writes, one history event each. From a retry interval of a minute on the wait becomes a timer, so
 * that an outage of hours does not hold a workflow task.
 */
export const atOnce = proxyLocalActivities<Pick<Activities, 'readEnvelope' | 'recordInCrm' | 'attachSignedPdf'>>({
  startToCloseTimeout: '30 seconds',
  localRetryThreshold: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});
