import type { Party } from './party.js';
import type { Policy } from './policy.js';

/** The argument of the `signDeal` workflow, complete and checked by the gateway: the workflow reads no settings. */
export interface DealStart {
  dealId: string;
  round: number;
  documentType: string;
  document: { uri: string };
  parties: Party[];
  policy: Policy;
}
