import { createHash } from 'node:crypto';

/** Fingerprint of an API key, fit for logs and snapshots: the first 8 hex digits of its SHA-256. Tells keys apart and reveals none. */
export function apiKeyIdOf(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 8);
}
