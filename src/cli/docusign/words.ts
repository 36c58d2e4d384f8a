/** What the commands on the DocuSign account say. */
import type { Consent } from '../../docusign/consent.js';
import { NOT_COPIED, type KeyReadiness } from '../../docusign/go-live.js';
import type { DocusignSettings } from '../../docusign/settings.js';

export function tellConsent({ environment }: DocusignSettings, { url, scopes }: Consent): string {
  const lines = [
    url,
    '',
    `Open it once, signed in to DocuSign (${environment}) as the user of DOCUSIGN_USER_ID, and accept; with --admin, as an administrator of the organization.`,
    'The page you end on may show an error, and the code in its address is not needed: only the consent counts.',
    `It holds for this key, this user, this environment and these scopes (${scopes.join(' ')}) until it is revoked; after a change of DOCUSIGN_FEEDS do it again.`,
    'Then run countersign docusign auth-test.',
  ];
  return `${lines.join('\n')}\n`;
}

export function tellForgotten(files: number): string {
  return files === 0
    ? 'There was no token to forget.\n'
    : 'The token is forgotten; every process logs in anew before its next call. The consent stays.\n';
}

export function tellReadiness(own: KeyReadiness, others: readonly KeyReadiness[], skipped: number): string {
  const lines = [
    own.ready ? 'Ready: DocuSign’s review can be asked for.' : 'Not ready yet.',
    tellKey(own),
    ...(own.polling > 0
      ? [
          `  ${times(own.polling)} a resource of an envelope was read again within 15 minutes: the review counts that as polling.`,
        ]
      : []),
    `  not counted: ${Object.entries(own.apart)
      .map(([api, calls]) => `${api} ${calls}`)
      .join(', ')}`,
    ...(others.length > 0 ? ['Other keys in the call log:', ...others.map(tellKey)] : []),
    ...(skipped > 0 ? [`${skipped} lines of the call log cannot be read.`] : []),
    '',
    'Not copied to production with the key:',
    ...NOT_COPIED.map((what) => `  - ${what}`),
  ];
  return `${lines.join('\n')}\n`;
}

function tellKey({ key, streak, wanted, calls, broken }: KeyReadiness): string {
  const since = broken === null ? '' : `; the last failure: ${broken.route} at ${broken.at}, ${broken.why}`;
  return `  key ${key}: ${streak} of ${wanted} eSignature calls in a row went well (${calls} in the log)${since}`;
}

function times(number: number): string {
  return number === 1 ? 'Once' : `${number} times`;
}
