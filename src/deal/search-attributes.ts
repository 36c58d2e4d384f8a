/** Names and types of the search attributes a deal carries. Never personal data: Temporal does not encrypt them. */
export const SEARCH_ATTRIBUTES = {
  DealStage: 'KEYWORD',
  DealBlocked: 'KEYWORD',
  DealTenant: 'KEYWORD',
  DocumentType: 'KEYWORD',
  EnvelopeId: 'KEYWORD',
  SigningProvider: 'KEYWORD',
  StageSince: 'DATETIME',
} as const;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;
