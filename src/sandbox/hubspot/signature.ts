/** How HubSpot signs what it sends (HubSpot docs, Validating requests). */
import { createHash, createHmac } from 'node:crypto';

/** Escapes that are signed as the characters they stand for. */
const SIGNED_PLAIN = [':', '/', '?', '@', '!', '$', "'", '(', ')', '*', ',', ';'];

export interface SignedRequest {
  method: string;
  url: string;
  body: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Version 3, and version 1 beside it for older receivers. */
export function signatureHeaders(secret: string, { method, url, body, at }: SignedRequest): Record<string, string> {
  let address = url;
  for (const character of SIGNED_PLAIN) {
    const escape = `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
    address = address.replaceAll(escape, character).replaceAll(escape.toLowerCase(), character);
  }
  const v3 = createHmac('sha256', secret).update(`${method}${address}${body}${at}`, 'utf8').digest('base64');
  return {
    'X-HubSpot-Signature-v3': v3,
    'X-HubSpot-Request-Timestamp': String(at),
    'X-HubSpot-Signature-Version': 'v1',
    'X-HubSpot-Signature': createHash('sha256').update(`${secret}${body}`, 'utf8').digest('hex'),
  };
}
