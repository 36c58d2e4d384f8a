/** The other side of `webhook-signature.ts`: whether a Standard Webhooks signature is good. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { signedHeaders } from './webhook-signature.js';

/** How far the sender's clock and the delivery together may be away from now. */
const TOLERANCE_MS = 5 * 60_000;

/** True for a signature over these very bytes by this key, not older or newer than five minutes. */
export function isSignedWebhook(
  key: Buffer,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  now = new Date(),
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  const at = new Date(Number(timestamp) * 1000);
  if (Math.abs(now.getTime() - at.getTime()) > TOLERANCE_MS) return false;
  const expected = signedHeaders(key, id, body, at)['webhook-signature'];
  // A sender that changes its key signs with both for a while.
  return signatures.split(' ').some((signature) => sameSecret(signature, expected));
}

/** Takes the same time wherever two texts differ. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
