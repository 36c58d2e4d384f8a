import { DocusignError, type DocusignErrorKind } from '../../docusign/account.js';
import { ProviderError, type ProviderErrorKind } from '../provider.js';

/** Anything that went wrong with DocuSign. The message names routes and codes: DocuSign's own texts may name people. */
export class DocusignProviderError extends ProviderError {
  override readonly name = 'DocusignProviderError';
}

const KINDS: Readonly<Record<DocusignErrorKind, ProviderErrorKind>> = {
  unreachable: 'unreachable',
  unavailable: 'unavailable',
  'rate-limited': 'rate-limited',
  login: 'unauthorized',
  forbidden: 'forbidden',
  'not-found': 'not-found',
  invalid: 'invalid',
  unreadable: 'unreadable',
  'too-large': 'too-large',
};

/** Codes count more than statuses, which DocuSign does not tabulate (its page on error codes). */
const KINDS_BY_CODE: Readonly<Record<string, ProviderErrorKind>> = {
  ENVELOPE_ALLOWANCE_EXCEEDED: 'payment-required',
  ENVELOPE_SEND_LIMIT_EXCEEDED: 'payment-required',
  ENVELOPE_INVALID_STATUS: 'conflict',
  ENVELOPE_CANNOT_VOID_INVALID_STATE: 'conflict',
  EDIT_LOCK_ENVELOPE_ALREADY_LOCKED: 'conflict',
  EDIT_LOCK_ENVELOPE_NOT_LOCKED: 'conflict',
  ENVELOPE_DOES_NOT_EXIST: 'not-found',
  TEMPLATE_ID_INVALID: 'not-found',
};

/** Success as samples of multi-item answers mark it. */
const FINE = 'SUCCESS';

/** Runs calls of the account; what they throw comes out as `ProviderError`. */
export async function told<T>(work: () => Promise<T>, envelopeId?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DocusignError)) throw error;
    const { kind, message, status, code, retryAfterMs } = error;
    throw new DocusignProviderError(kindOf(kind, code), message, {
      ...(status !== undefined && { status }),
      ...(code !== undefined && { code }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(envelopeId !== undefined && { envelopeId }),
    });
  }
}

/** Throws for an item that failed within an answer that says 2xx as a whole. */
export function checkItem(what: string, errorCode: string | undefined, envelopeId: string): void {
  const code = errorCode?.toUpperCase();
  if (code === undefined || code === '' || code === FINE) return;
  const known = /^[A-Z][A-Z0-9_]{0,79}$/.test(code) ? code : 'UNKNOWN';
  throw new DocusignProviderError(kindOf('invalid', known), `DocuSign refused ${what} (${known})`, {
    code: known,
    envelopeId,
  });
}

/** A request that cannot be made as asked. */
export function impossible(problem: string): DocusignProviderError {
  return new DocusignProviderError('invalid', problem);
}

export function unreadable(what: string, problem: string): DocusignProviderError {
  return new DocusignProviderError('unreadable', `DocuSign’s answer to ${what} cannot be read: ${problem}`);
}

export function noSuchEnvelope(envelopeId: string): DocusignProviderError {
  return new DocusignProviderError('not-found', 'DocuSign does not know this envelope in this account', { envelopeId });
}

function kindOf(kind: DocusignErrorKind, code: string | undefined): ProviderErrorKind {
  return (code === undefined ? undefined : KINDS_BY_CODE[code]) ?? KINDS[kind];
}
