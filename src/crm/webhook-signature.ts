/** Standard Webhooks signatures (standardwebhooks.com), which any CRM-side receiver can check with a stock library. */
import { createHmac } from 'node:crypto';

export type WebhookHeaders = Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>;

/** The key behind a secret: `whsec_<base64>`, or else the text itself. Throws on an empty one. */
export function signingKeyOf(secret: string): Buffer {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
  if (key.length === 0) throw new Error('the CRM secret is empty: give plain text or whsec_<base64>');
  return key;
}

/** Signs the exact bytes that are sent. `at` is the time of this very try, as receivers refuse an old one. */
export function signedHeaders(key: Buffer, id: string, body: Uint8Array, at = new Date()): WebhookHeaders {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
