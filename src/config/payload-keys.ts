/**
 * What Temporal's payloads are encrypted with: `PAYLOAD_KEYS`, as `keyId:base64` entries, and `TENANT_PAYLOAD_KEYS`, as `tenant=keyId:base64`
 * entries.
 */
import { createSecretKey } from 'node:crypto';
import { isTenant } from '../deal/tenant.js';
import type { PayloadKey } from '../temporal/encryption.js';

const MAKE_ONE = 'try: openssl rand -base64 32';
/** 32 bytes: 43 characters, the last of which has two bits to spare, and the padding. */
const BASE64 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Reads the comma list; a problem names the entry by its place, never by its key. */
export function readPayloadKeys(list: string): Read {
  return read(list, false);
}

/** The same of a list whose entries begin with a tenant and `=`. */
export function readTenantPayloadKeys(list: string): Read {
  return read(list, true);
}

/** What is wrong with two lists that are each in order; undefined when nothing is. */
export function clashOf(keys: readonly PayloadKey[], tenants: readonly PayloadKey[]): string | undefined {
  if (tenants.length > 0 && keys.length === 0) return 'needs PAYLOAD_KEYS too, for whatever is no tenant’s';
  for (const [index, { id, secret }] of tenants.entries()) {
    if (keys.some((key) => key.id === id)) return `entry ${index + 1} repeats a key id of PAYLOAD_KEYS`;
    if (keys.some((key) => key.secret.equals(secret))) return `entry ${index + 1} repeats a key of PAYLOAD_KEYS`;
  }
  return undefined;
}

type Read = { keys: PayloadKey[]; problem?: undefined } | { problem: string };

function read(list: string, ofTenants: boolean): Read {
  const keys: PayloadKey[] = [];
  for (const [index, entry] of list.split(',').entries()) {
    const where = `entry ${index + 1}`;
    const [, tenant, rest = ''] = ofTenants
      ? (/^([^=]*)=(.*)$/.exec(entry.trim()) ?? [])
      : [entry, undefined, entry.trim()];
    if (ofTenants && (tenant === undefined || !isTenant(tenant))) {
      return { problem: `${where} is not of the form tenant=keyId:base64` };
    }
    const [, id, secret = ''] = /^([^:]*):(.*)$/.exec(rest) ?? [];
    if (id === undefined) return { problem: `${where} is not of the form keyId:base64` };
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      return { problem: `${where} has no key id of 1 to 64 letters, digits, dots, _ or -` };
    }
    if (!BASE64.test(secret)) return { problem: `${where} has no key of exactly 32 bytes in base64 (${MAKE_ONE})` };
    const key: PayloadKey = {
      id,
      secret: createSecretKey(Buffer.from(secret, 'base64')),
      ...(ofTenants && tenant !== undefined && { tenant }),
    };
    if (keys.some((other) => other.id === id)) return { problem: `${where} repeats the key id of another entry` };
    if (keys.some((other) => other.secret.equals(key.secret))) {
      return { problem: `${where} repeats the key of another entry under a second id` };
    }
    keys.push(key);
  }
  return { keys };
}
