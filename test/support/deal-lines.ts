import type { DealLine } from '../../src/gateway/deal-list.js';

/** A deal in review, as a list shows it. */
export const aDealLine = (over: Partial<DealLine> = {}): DealLine => ({
  dealId: '42',
  round: 1,
  workflowId: `deal-${over.dealId ?? '42'}`,
  runId: 'run-1',
  open: true,
  stage: 'in-review',
  blocked: null,
  documentType: 'order-form',
  envelopeId: 'env-1',
  since: '2026-01-05T09:00:00.000Z',
  startedAt: '2026-01-05T08:59:00.000Z',
  endedAt: null,
  reviewDue: null,
  ...over,
});
