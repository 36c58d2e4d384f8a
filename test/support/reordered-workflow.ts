import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../src/activities/index.js';

const { awaitFields } = proxyActivities<Activities>({ startToCloseTimeout: '1 minute' });

/** The deal as a careless change would have it: it waits for fields before there is an envelope. */
export async function signDeal(): Promise<void> {
  await awaitFields({ dealId: '42', provider: 'atlas', envelopeId: 'none' });
}
