/** Which hosts a token may go to. */
import { DocusignError, type DocusignApi } from './account.js';
import type { DocusignSettings } from './settings.js';

const OWN = /(^|\.)docusign\.(net|com)$/i;

/**
 * Where an account is served from is told by the login; a token goes there only when it is DocuSign's. Where the login itself is not
 * DocuSign's, in tests, anywhere. Throws `DocusignError` (`forbidden`).
 */
export function checkBaseUri({ urls }: Pick<DocusignSettings, 'urls'>, baseUri: string): string {
  if (!OWN.test(new URL(urls.auth).hostname)) return baseUri;
  const { protocol, hostname, username, password } = new URL(baseUri);
  if (protocol === 'https:' && OWN.test(hostname) && username === '' && password === '') return baseUri;
  throw new DocusignError(
    'forbidden',
    'the login says that the account is served from a host that is not DocuSign’s: nothing is sent there (DOCUSIGN_ESIGN_URL overrules it)',
  );
}

/**
 * `path` below `root`, or as a whole address of the root's own host. Throws `DocusignError` (`invalid`) for every other host, and for paths
 * that lead out of the root.
 */
export function addressOf(api: DocusignApi, root: string, path: string): URL {
  const base = new URL(root);
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) {
    const url = URL.canParse(path) ? new URL(path) : undefined;
    if (url && url.origin === base.origin && url.username === '' && url.password === '') return url;
    throw new DocusignError('invalid', `an address that is not of the ${api} API’s own host is not followed`);
  }
  const url = path.startsWith('/') && URL.canParse(`${root}${path}`) ? new URL(`${root}${path}`) : undefined;
  const below = base.pathname.replace(/\/*$/, '/');
  if (url && url.origin === base.origin && url.pathname.startsWith(below)) return url;
  throw new DocusignError('invalid', `a path of the ${api} API must begin with a slash and stay below the API’s root`);
}
