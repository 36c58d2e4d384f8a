import type { Party } from './party.js';
import type { Policy } from './policy.js';

/** The argument of the `signDeal` workflow, complete and checked by the gateway: the workflow reads no settings. */
export interface DealStart {
  dealId: string;
  round: number;
  documentType: string;
  /** Absent when the contract is made from the template of its document type, or is there already. */
  document?: { uri: string };
  /** An envelope that somebody has made at the provider: the deal takes it over at the stage it is in. */
  envelopeId?: string;
  /** Texts for the template's fields, by prefill key. */
  prefill?: Record<string, string>;
  /** Empty for an envelope that is taken over with the parties it has. */
  parties: Party[];
  /** The CRM's own words for the envelope; the provider hands them back with every event. */
  metadata?: Record<string, string>;
  policy: Policy;
  /** The connected account at the provider that the contract is made, sent and paid under; absent: the key's own. */
  tenant?: string;
}
