/** `PAYLOAD_KEYS`: what Temporal's payloads are encrypted with, as `keyId:base64` entries. */
import { createSecretKey } from 'node:crypto';
import type { PayloadKey } from '../temporal/encryption.js';

const MAKE_ONE = 'try: openssl rand -base64 32';
/** 32 bytes: 43 characters, the last of which has two bits to spare, and the padding. */
const BASE64 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Reads the comma list; a problem names the entry by its place, never by its key. */
export function readPayloadKeys(list: string): { keys: PayloadKey[]; problem?: undefined } | { problem: string } {
  const keys: PayloadKey[] = [];
  for (const [index, entry] of list.split(',').entries()) {
    const where = `entry ${index + 1}`;
    const [, id, secret = ''] = /^([^:]*):(.*)$/.exec(entry.trim()) ?? [];
    if (id === undefined) return { problem: `${where} is not of the form keyId:base64` };
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      return { problem: `${where} has no key id of 1 to 64 letters, digits, dots, _ or -` };
    }
    if (!BASE64.test(secret)) return { problem: `${where} has no key of exactly 32 bytes in base64 (${MAKE_ONE})` };
    const key = { id, secret: createSecretKey(Buffer.from(secret, 'base64')) };
    if (keys.some((other) => other.id === id)) return { problem: `${where} repeats the key id of another entry` };
    if (keys.some((other) => other.secret.equals(key.secret))) {
      return { problem: `${where} repeats the key of another entry under a second id` };
    }
    keys.push(key);
  }
  return { keys };
}
