/**
 * What a CRM asks for: the body of `POST /deals`. The gateway's checks judge the values, and the rest that a private CRM may have put in,
 * so nothing of it is to be relied on before.
 */
export interface DealRequest {
  dealId: string;
  /** 1 by default; the next one does a deal again that has ended. */
  round?: number;
  documentType: string;
  /** Left out where the document type names a template. */
  document?: { uri: string };
  /** The connected account at Atlas that the contract is made under. */
  tenant?: string;
  parties?: RequestedParty[];
  /** Properties of the deal by their names in the CRM, for templates. */
  prefill?: Record<string, string | number | boolean>;
  metadata?: Record<string, string>;
  [more: string]: unknown;
}

export interface RequestedParty {
  email: string;
  name?: string;
  role?: string;
  order?: number;
  role_type?: 'signer' | 'cc';
}
