import type { Party } from './party.js';
import type { Policy } from './policy.js';

/** The argument of the `signDeal` workflow, complete and checked by the gateway: the workflow reads no settings. */
export interface DealStart {
  dealId: string;
  round: number;
  documentType: string;
  /** Absent when the contract is made from the template of its document type. */
  document?: { uri: string };
  /** Texts for the template's fields, by prefill key. */
  prefill?: Record<string, string>;
  parties: Party[];
  /** The CRM's own words for the envelope; the provider hands them back with every event. */
  metadata?: Record<string, string>;
  policy: Policy;
}
