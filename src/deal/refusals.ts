/**
 * Why a deal can stand still although nothing failed for good. An activity that meets one of these throws an
 * `ApplicationFailure` of this type; the workflow keeps the stage, shows the hint and waits for `resume`, `amend` or `cancel`.
 */
export const REFUSALS = {
  'credits-exhausted': 'The e-sign account has no credits left. Buy credits, then resume.',
  'credit-budget':
    'Today’s budget of sends (CREDIT_BUDGET, UTC days) is used up. It goes out by itself when there is room.',
  'key-refused':
    'The provider refused the API key. Check ATLAS_API_KEY, or DOCUSIGN_INTEGRATION_KEY and its private key, on the worker, then resume.',
  'provider-missing':
    'This worker has no account at the provider of the deal. Set DOCUSIGN_INTEGRATION_KEY and what goes with it, restart the worker, then resume.',
  'access-denied': 'The provider denied access: the tenant may be suspended. Settle it with the provider, then resume.',
  'request-refused': 'The provider refused the request as malformed. Amend the parties or the document, or cancel.',
  'envelope-missing':
    'The provider does not know this envelope. Check the API key and account, then resume, or cancel.',
  'envelope-taken':
    'The envelope belongs to another deal, or the provider does not tell whose it is. Cancel this deal; the envelope stays as it is.',
  'answer-unreadable': 'The provider answered in a form that is not understood. Report it, then resume after the fix.',
  'template-refused':
    'The deal and the template at the provider do not fit. Mend the template or amend the deal, then resume, or cancel.',
  'void-refused': 'The provider refused to void the envelope. Void it on the provider’s page, then resume.',
  'detection-stuck': 'Field detection has not ended for long. It is looked at again by itself; resume looks at once.',
  'document-unavailable': 'The document cannot be fetched. Put it where the deal says, or amend the deal, then resume.',
  'document-changed':
    'The document is not the version that this deal began with. Put that back and resume, or amend the deal with the document to take the new one.',
  'document-refused': 'The document is no readable PDF or DOCX. Amend the deal with another document.',
  'signed-pdf-unreadable':
    'The signed PDF does not pass the checks. It is fetched again by itself; resume fetches at once.',
  'crm-refused': 'The CRM refused the write. Mend the record or the credentials there, then resume.',
  'crm-unavailable': 'The CRM has not answered for about an hour. It is tried again by itself; resume tries at once.',
  'review-rejected': 'The reviewer rejected the draft. Amend the parties or the document, or cancel.',
  unexpected: 'Something failed in a way nobody foresaw. Read the reason, mend it, then resume.',
} as const;

export type Refusal = keyof typeof REFUSALS;

export function isRefusal(type: string | null | undefined): type is Refusal {
  return typeof type === 'string' && Object.hasOwn(REFUSALS, type);
}

const HOUR = 3_600_000;

/** How long until a blocked deal tries again by itself, in milliseconds; undefined where only a person can help. */
export function retriesByItself(refusal: Refusal, times: number): number | undefined {
  switch (refusal) {
    case 'credit-budget':
      return HOUR;
    case 'credits-exhausted':
    case 'key-refused':
    case 'provider-missing':
    case 'access-denied':
    case 'detection-stuck':
    case 'signed-pdf-unreadable':
    case 'crm-unavailable':
    case 'unexpected':
      return times < 24 ? HOUR : 24 * HOUR;
    default:
      return undefined;
  }
}
