/** Addresses below `PUBLIC_URL` that lead to a draft's page at the provider, and back from it. */

/** Of the console: it asks who is there, then leads on. */
export const REVIEW_PAGE = '/console/deals/:dealId/review-page';

export function reviewPages(publicUrl: string): {
  reviewPage: (dealId: string) => string;
  returnPage: (envelopeId: string) => string;
} {
  return {
    reviewPage: (dealId) => `${publicUrl}${REVIEW_PAGE.replace(':dealId', () => encodeURIComponent(dealId))}`,
    returnPage: (envelopeId) => `${publicUrl}/console/go?id=${encodeURIComponent(envelopeId)}`,
  };
}
