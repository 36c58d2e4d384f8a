/** HubSpot's request signature, version 3 (HubSpot docs, Validating requests). */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { BadNotification, type NotificationRequest } from '../intake.js';

const TOLERATED_MS = 5 * 60 * 1000;

/** The characters of an address that HubSpot signs decoded, whichever way they were sent; all others stay as they came. */
const DECODED: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};

/** Throws `BadNotification` unless HubSpot signed these very bytes for this address within the last five minutes. */
export function verifySignature(request: NotificationRequest, secret: string, now = Date.now()): void {
  const { method, url, headers, body } = request;
  const signature = headers['x-hubspot-signature-v3'];
  const timestamp = headers['x-hubspot-request-timestamp'];
  if (typeof signature !== 'string' || typeof timestamp !== 'string')
    throw bad('it carries no signature of version 3 (X-HubSpot-Signature-v3, X-HubSpot-Request-Timestamp)');
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERATED_MS)
    throw bad('it was not signed within the last 5 minutes');
  const expected = createHmac('sha256', secret)
    .update(`${method}${decoded(url)}`)
    .update(body)
    .update(timestamp)
    .digest();
  const given = Buffer.from(signature, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw bad(
      'its signature does not fit: check HUBSPOT_CLIENT_SECRET, and that HubSpot calls the address of PUBLIC_URL',
    );
}

function decoded(url: string): string {
  return url.replace(/%[0-9a-f]{2}/gi, (code) => DECODED[code.toUpperCase()] ?? code);
}

function bad(why: string): BadNotification {
  return new BadNotification('bad-signature', `The notification is refused: ${why}.`);
}
