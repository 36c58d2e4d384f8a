import { createHash } from 'node:crypto';

/**
 * The `transactionId` of an envelope, made from its external id, so that whoever tries a create again can look for what became of the try
 * before: DocuSign finds envelopes by it for 7 days. It does not keep a second envelope from being made.
 */
export function transactionIdOf(externalId: string): string {
  const hash = createHash('sha256').update(`countersign ${externalId}`).digest('hex');
  // The form of a UUID of version 8, whose bits are the maker's own.
  const variant = ((parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join('-');
}
