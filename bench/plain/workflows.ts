/**
 * The same job as `src/workflows/sign-deal.ts`, as a reader of Temporal's TypeScript samples would write it: one activity a
 * step, a sleep loop for what takes time, a signal for each thing that is waited for. It is what Countersign is measured against.
 */
import { condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';
import type * as activities from './activities.js';
import type { Deal } from './deal.js';

const { createEnvelope, getFieldsStatus, sendEnvelope, storeSignedPdf, updateCrm, attachToCrm } = proxyActivities<
  typeof activities
>({
  startToCloseTimeout: '1 minute',
});

export const approvedSignal = defineSignal('approved');
export const signedSignal = defineSignal('signed');

export async function signContract(deal: Deal): Promise<string> {
  let approved = false;
  let signed = false;
  setHandler(approvedSignal, () => {
    approved = true;
  });
  setHandler(signedSignal, () => {
    signed = true;
  });

  const { dealId, parties } = deal;
  const { envelopeId, reviewUrl } = await createEnvelope(deal);
  await updateCrm(dealId, { stage: 'detecting', envelopeId, reviewUrl });

  while ((await getFieldsStatus(envelopeId)) === 'pending') {
    await sleep('1 second');
  }
  await updateCrm(dealId, { stage: 'in-review', envelopeId, reviewUrl });

  await condition(() => approved);
  await sendEnvelope(envelopeId, parties);
  await updateCrm(dealId, { stage: 'out-for-signature', envelopeId });

  await condition(() => signed);
  await updateCrm(dealId, { stage: 'filing', envelopeId });
  const pdf = await storeSignedPdf(dealId, envelopeId);
  await attachToCrm(dealId, pdf);
  await updateCrm(dealId, { stage: 'completed', envelopeId, outcome: 'completed' });
  return envelopeId;
}
