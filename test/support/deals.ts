import type { DealStart } from '../../src/deal/start.js';
import type { Policy } from '../../src/deal/policy.js';
import { openDeal, type DealState } from '../../src/deal/state.js';

export const aPolicy = (over: Partial<Policy> = {}): Policy => ({
  provider: 'atlas',
  upload: 'multipart',
  readBackFirstMs: 15 * 60_000,
  crmStages: { 'in-review': 'Contract drafted', completed: 'Closed won', failed: 'Contract failed' },
  ...over,
});

/** A deal with two signers in turn. */
export const aDeal = (over: Partial<DealStart> = {}): DealStart & { document: { uri: string } } => ({
  dealId: '42',
  round: 1,
  documentType: 'order-form',
  document: { uri: 'file:documents/order-form.pdf' },
  parties: [
    { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer', order: 1, kind: 'signer' },
    { email: 'bob@seller.example', name: 'Bob Seller', role: 'Company', order: 2, kind: 'signer' },
  ],
  policy: aPolicy(),
  ...over,
});

/** A deal whose contract is made from the template of its type. */
export const aTemplateDeal = (trusted: boolean, over: Partial<DealStart> = {}): DealStart => {
  const deal: DealStart = aDeal({
    policy: aPolicy({ template: { id: 'tmpl_1', prefill: { customer_name: 'company' }, trusted } }),
    prefill: { customer_name: 'Customer Ltd' },
    ...over,
  });
  delete deal.document;
  return deal;
};

/** A deal that takes over the envelope `env-1` with the parties it has. */
export const anAdoption = (over: Partial<DealStart> = {}): DealStart => {
  const deal: DealStart = aDeal({ envelopeId: 'env-1', parties: [], ...over });
  delete deal.document;
  return deal;
};

export const AT = '2026-01-05T09:00:00.000Z';

/** A deal that stands in `stage` with an envelope that is drafted. */
export const aDealIn = (stage: DealState['stage'], over: Partial<DealState> = {}): DealState => ({
  ...openDeal(aDeal(), AT),
  stage,
  envelope: {
    id: 'env-1',
    reviewUrl: 'https://atlas.example/review/env-1?rt=secret',
    apiKeyId: 'aaaa0001',
    charged: false,
  },
  fieldsStatus: 'ready',
  fieldsVersion: 1,
  ...over,
});
