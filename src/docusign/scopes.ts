import type { DocusignSettings } from './settings.js';

/** What the login is asked to allow. Consent and token are of exactly these, so a feed that is added needs consent anew. */
export function scopesOf({ feeds }: Pick<DocusignSettings, 'feeds'>): string[] {
  // `impersonation` stands on every page about this kind of login, whatever else is asked for (DocuSign's JWT and Monitor pages).
  const scopes = ['signature', 'impersonation'];
  if (feeds.includes('audit-users')) scopes.push('user_read', 'organization_read');
  return scopes;
}
