/** Short hashes that tell things apart in logs and reveal nothing of them. */
import { createHash } from 'node:crypto';

/** Of an integration key: the first 8 hex digits of its SHA-256. */
export function fingerprintOf(integrationKey: string): string {
  return shortHash(integrationKey.toLowerCase(), 8);
}

/** `digits` hex digits of the text's SHA-256. */
export function shortHash(text: string, digits = 12): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
