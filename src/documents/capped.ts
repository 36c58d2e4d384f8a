import { DocumentError } from './documents.js';

/**
 * What `body` brings, in one piece. Throws `DocumentError` `refused` once it is more than `maxBytes`, or before a byte is read when more is
 * announced; the caller ends what it does not read.
 */
export async function readCapped(
  body: AsyncIterable<Uint8Array>,
  announced: number | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const tooLarge = new DocumentError('refused', `The document is larger than ${maxBytes} bytes.`);
  if (announced !== undefined && announced > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
