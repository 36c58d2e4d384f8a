/** What the token endpoint refuses, and what to do about it. */
import { DocusignError } from './account.js';
import { jsonOf } from './refusals.js';
import { scopesOf } from './scopes.js';
import type { DocusignSettings } from './settings.js';

const CLOCK_TOLERATED_MS = 60_000;

/** `clockAheadMs`: how far this machine's clock is ahead of DocuSign's (negative: behind), where an answer told. */
export function loginRefusal(
  settings: DocusignSettings,
  answer: { status: number; bytes: Uint8Array },
  clockAheadMs: number | undefined,
): DocusignError {
  const { status, bytes } = answer;
  const code = codeOf(jsonOf(bytes));
  const details = { status, ...(code !== undefined && { code: code.toUpperCase() }) };
  if (status === 429)
    return new DocusignError('rate-limited', 'DocuSign’s login takes no more calls for now', {
      ...details,
      retryAfterMs: 60_000,
    });
  if (status >= 500 || status === 444 || status === 408)
    return new DocusignError('unavailable', `DocuSign’s login is not available (${status})`, details);
  const said = `DocuSign’s login refuses (${code ?? status})`;
  const clock = code === 'no_valid_keys_or_signatures' || code === 'invalid_grant' ? clockHint(clockAheadMs) : '';
  return new DocusignError('login', `${said}: ${whatToDo(settings, code)}${clock}`, details);
}

/** The one that says most: `invalid_grant` only does with the word beside it. */
function codeOf({ error, error_description: description }: Record<string, unknown>): string | undefined {
  const known = [description, error].find((word) => typeof word === 'string' && Object.hasOwn(REMEDIES, word));
  if (typeof known === 'string') return known;
  return typeof error === 'string' && /^[a-z_]{1,60}$/i.test(error) ? error : undefined;
}

const REMEDIES: Readonly<Record<string, (settings: DocusignSettings) => string>> = {
  consent_required: (settings) =>
    `nobody has consented to ${scopesOf(settings).join(' ')} for this key and DOCUSIGN_USER_ID; run countersign docusign consent-url and open what it prints as that user`,
  issuer_not_found: ({ environment }) =>
    `DOCUSIGN_INTEGRATION_KEY is not known in the ${environment} environment; check the key and DOCUSIGN_ENV`,
  no_valid_keys_or_signatures: () =>
    'DOCUSIGN_PRIVATE_KEY belongs to none of the key pairs of DOCUSIGN_INTEGRATION_KEY; add a key pair in DocuSign and set its private key',
  user_not_found: ({ environment }) =>
    `DOCUSIGN_USER_ID is no user of the ${environment} environment; set it to the user’s GUID from DocuSign’s page Apps and Keys`,
  invalid_scope: (settings) =>
    `it does not know one of the scopes ${scopesOf(settings).join(' ')}; check DOCUSIGN_FEEDS and that the account has the APIs they need`,
  unauthorized_client: () =>
    'DOCUSIGN_INTEGRATION_KEY may not log in this way; add an RSA key pair to it in DocuSign, and use this key for nothing else',
  unsupported_grant_type: () => 'it does not know this kind of login; check DOCUSIGN_AUTH_URL and DOCUSIGN_ENV',
};

function whatToDo(settings: DocusignSettings, code: string | undefined): string {
  const remedy = code === undefined ? undefined : REMEDIES[code];
  return (
    remedy?.(settings) ??
    'check DOCUSIGN_ENV, DOCUSIGN_AUTH_URL, DOCUSIGN_INTEGRATION_KEY, DOCUSIGN_USER_ID and DOCUSIGN_PRIVATE_KEY, in this order'
  );
}

function clockHint(aheadMs: number | undefined): string {
  if (aheadMs === undefined || Math.abs(aheadMs) < CLOCK_TOLERATED_MS) return '';
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  return `. This machine’s clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} DocuSign’s: keep it by NTP`;
}
