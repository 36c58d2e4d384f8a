import { describe, expect, it } from 'vitest';
import { inspectSignedPdf } from '../../src/documents/signed-pdf.js';
import { anEncryptedPdf, aPdf, sha256Of } from './documents.js';

describe('a signed PDF', () => {
  it('is accepted with its length, pages and sha256', async () => {
    const bytes = await aPdf(3);
    expect(await inspectSignedPdf(bytes)).toEqual({ bytes: bytes.length, pages: 3, sha256: sha256Of(bytes) });
  });

  it('is accepted when it is locked against changes but opens without a password', async () => {
    expect(await inspectSignedPdf(await anEncryptedPdf(''))).toMatchObject({ pages: 1 });
  });

  it('is left as it was', async () => {
    const bytes = await aPdf();
    const before = sha256Of(bytes);
    await inspectSignedPdf(bytes);
    expect(sha256Of(bytes)).toBe(before);
  });

  it.each([
    ['has 0 bytes', async () => Buffer.alloc(0), 'empty'],
    ['is a web page', async () => Buffer.from('<html>' + ' '.repeat(500) + '%%EOF'), 'does not begin as a PDF'],
    ['does not begin with its head', async () => Buffer.concat([Buffer.from('\n'), await aPdf()]), 'begin as a PDF'],
    ['is a few bytes short of a PDF', async () => Buffer.from('%PDF-1.7\n%%EOF'), 'only 14 bytes'],
    ['is cut off at the end', async () => (await aPdf()).subarray(0, -10), 'end marker is missing'],
    ['is cut off in the middle', async () => cut(await aPdf()), 'end marker is missing'],
    ['lost its middle', async () => hollow(await aPdf()), 'cannot be opened'],
    ['has no pages', () => aPdf(0), 'no pages'],
    ['needs a password', () => anEncryptedPdf('secret'), 'cannot be opened'],
  ])('is refused when it %s', async (_how, bytes, why) => {
    const inspected = inspectSignedPdf(await bytes());
    await expect(inspected).rejects.toMatchObject({ name: 'DocumentError', kind: 'refused' });
    await expect(inspected).rejects.toThrow(why);
  });
});

function cut(pdf: Buffer): Buffer {
  return pdf.subarray(0, pdf.length / 2);
}

/** Head and end are there, what they hold together is not. */
function hollow(pdf: Buffer): Buffer {
  return Buffer.concat([pdf.subarray(0, 20), Buffer.alloc(200, ' '), pdf.subarray(-30)]);
}
