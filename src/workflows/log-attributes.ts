import { defineSearchAttributeKey } from '@temporalio/common';
import { workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';

const envelopeId = defineSearchAttributeKey('EnvelopeId', 'KEYWORD');

/** Puts the deal's and the envelope's id on every line a workflow logs, the SDK's own lines too. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      getLogAttributes: (input, next) => {
        const { memo, typedSearchAttributes } = workflowInfo();
        return next({ ...input, dealId: memo?.dealId, envelopeId: typedSearchAttributes.get(envelopeId) });
      },
    },
  ],
});
