/** The page on which a person lets the integration key act for a user. */
import { DocusignError } from './account.js';
import { scopesOf } from './scopes.js';
import type { DocusignSettings } from './settings.js';

export interface Consent {
  url: string;
  scopes: string[];
  redirectUrl: string;
}

/**
 * `admin`: the form by which an organization's administrator consents for all users of its claimed domains. Throws `DocusignError`
 * (`invalid`) where no redirect URL is set.
 */
export function consentUrl(settings: DocusignSettings, { admin = false }: { admin?: boolean } = {}): Consent {
  const { integrationKey, redirectUrl, urls } = settings;
  if (redirectUrl === null)
    throw new DocusignError(
      'invalid',
      'DOCUSIGN_REDIRECT_URL is not set: set it to one of the redirect URIs of the integration key, letter for letter',
    );
  const scopes = scopesOf(settings);
  const asked: [string, string][] = admin
    ? [
        ['scope', 'openid'],
        ['admin_consent_scope', scopes.join(' ')],
      ]
    : [['scope', scopes.join(' ')]];
  const query = [['response_type', 'code'], ...asked, ['client_id', integrationKey], ['redirect_uri', redirectUrl]]
    // Not URLSearchParams: a scope's space must be %20 there.
    .map(([name = '', value = '']) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return { url: `${urls.auth}/oauth/auth?${query}`, scopes, redirectUrl };
}
