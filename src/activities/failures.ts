/**
 * How the outside's errors look to the workflow: an `ApplicationFailure` whose `type` says what to do. A type from `REFUSALS`
 * is not retried and blocks the deal; everything else is retried by Temporal until it works.
 */
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { CrmError } from '../crm/crm.js';
import { DocumentError } from '../documents/documents.js';
import { ProviderError, type ProviderErrorKind } from '../signing/provider.js';
import type { Refusal } from '../deal/refusals.js';

export function refuse(type: Refusal, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

/** Worth another try by itself; `afterMs` overrides the retry policy's interval, an hour at most. */
export function tryLater(type: string, message: string, afterMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    ...(afterMs !== undefined && { nextRetryDelay: Math.min(afterMs, 3_600_000) }),
  });
}

const PROVIDER_REFUSALS: Partial<Record<ProviderErrorKind, Refusal>> = {
  unauthorized: 'key-refused',
  'payment-required': 'credits-exhausted',
  forbidden: 'access-denied',
  'not-found': 'envelope-missing',
  invalid: 'request-refused',
  conflict: 'request-refused',
  'too-large': 'request-refused',
  unreadable: 'answer-unreadable',
};

function fromProvider(error: ProviderError): ApplicationFailure {
  const refusal = PROVIDER_REFUSALS[error.kind];
  return refusal ? refuse(refusal, error.message) : tryLater('provider-unavailable', error.message, error.retryAfterMs);
}

/** A store that is away for a minute is retried; one that stays away blocks the deal, so that somebody looks. */
const DOCUMENT_TRIES = 5;

function fromDocument(error: DocumentError): ApplicationFailure {
  if (error.kind === 'refused') return refuse('document-refused', error.message);
  if (error.kind === 'missing' || activityInfo().attempt >= DOCUMENT_TRIES)
    return refuse('document-unavailable', error.message);
  return tryLater('document-unavailable', error.message);
}

/** With the workflow's intervals about an hour: then the deal says that it stands still. */
const CRM_TRIES = 20;

function fromCrm(error: CrmError): ApplicationFailure {
  if (error.kind === 'refused') return refuse('crm-refused', error.message);
  if (activityInfo().attempt >= CRM_TRIES) return refuse('crm-unavailable', error.message);
  return tryLater('crm-away', error.message, error.retryAfterMs);
}

/** Runs one piece of work for an activity and translates what it throws; other errors pass as they are and are retried. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProviderError) throw fromProvider(error);
    if (error instanceof DocumentError) throw fromDocument(error);
    if (error instanceof CrmError) throw fromCrm(error);
    throw error;
  }
}
