/** The RSA key that logins are signed with. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { DocusignError } from './account.js';

const LEAST_BITS = 2048;

/**
 * Reads a PEM, PKCS#1 or PKCS#8, also one whose line breaks became spaces or `\n` on its way through a variable. Throws `DocusignError`
 * (`invalid`) without a word of the key.
 */
export function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(wellFormed(pem));
  } catch {
    // Told below: the reason may quote the key.
  }
  if (key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_BITS) return key;
  throw new DocusignError(
    'invalid',
    `DOCUSIGN_PRIVATE_KEY is no unencrypted RSA key of at least ${LEAST_BITS} bits in PEM: paste it as DocuSign showed it`,
  );
}

function wellFormed(text: string): string {
  const [, begin, body, end] =
    /^(-----BEGIN [A-Z ]+-----)([\s\S]*?)(-----END [A-Z ]+-----)(?:\s|\\[rn])*$/.exec(text.trim()) ?? [];
  if (begin === undefined || body === undefined || end === undefined) return text;
  const letters = body.replaceAll(/\\r|\\n|\s/g, '');
  return [begin, ...(letters.match(/.{1,64}/g) ?? []), end, ''].join('\n');
}
