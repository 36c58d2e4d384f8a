import { describe, expect, it } from 'vitest';
import { recognised } from '../../src/documents/recognise.js';
import { aDocx, anEncryptedPdf, aPdf, sha256Of } from './documents.js';

describe('a draft', () => {
  it('is a PDF by its content', async () => {
    const bytes = await aPdf();
    expect(await recognised(bytes)).toEqual({ bytes, kind: 'pdf', sha256: sha256Of(bytes) });
  });

  it('is a PDF also with a few bytes before its head', async () => {
    expect(await recognised(Buffer.concat([Buffer.from('\r\n'), await aPdf()]))).toMatchObject({ kind: 'pdf' });
  });

  it('is a DOCX by its content', async () => {
    const bytes = await aDocx();
    expect(await recognised(bytes)).toEqual({ bytes, kind: 'docx', sha256: sha256Of(bytes) });
  });

  it('is read also from the middle of a larger buffer', async () => {
    const bytes = await aDocx();
    const padded = Buffer.concat([Buffer.alloc(7), bytes, Buffer.alloc(9)]);
    expect(await recognised(padded.subarray(7, 7 + bytes.length))).toMatchObject({ kind: 'docx' });
  });

  const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2);
  const renamed = (bytes: Buffer, from: string, to: string) =>
    Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');

  it.each([
    ['is empty', async () => Buffer.alloc(0), 'empty'],
    ['is a web page', async () => Buffer.from('<!doctype html><title>Sign in</title>'), 'an HTML page'],
    ['is a PDF that needs a password', () => anEncryptedPdf('secret'), 'encrypted'],
    ['is a PDF locked against changes', () => anEncryptedPdf(''), 'encrypted'],
    ['is a PDF without pages', () => aPdf(0), 'no pages'],
    ['is half a PDF', async () => half(await aPdf()), 'cut off'],
    ['is the head of a PDF', async () => Buffer.from('%PDF-1.7\n'), 'cut off'],
    ['is a PDF of nothing', async () => Buffer.from('%PDF-1.7\n%%EOF\n'), 'damaged'],
    ['is half a DOCX', async () => half(await aDocx()), 'damaged or cut off'],
    ['lost the middle of its DOCX', async () => without(await aDocx()), 'damaged or cut off'],
    ['is another ZIP archive', async () => renamed(await aDocx(), 'word/document.xml', 'word/dokument.xml'), 'no DOCX'],
    ['is an encrypted ZIP', async () => encryptedFlag(await aDocx()), 'encrypted'],
    ['is an old .doc', async () => Buffer.from('d0cf11e0a1b11ae1' + '00'.repeat(600), 'hex'), 'old .doc'],
  ])('is refused when it %s', async (_how, bytes, why) => {
    const error = recognised(await bytes());
    await expect(error).rejects.toMatchObject({ name: 'DocumentError', kind: 'refused' });
    await expect(error).rejects.toThrow(why);
  });
});

/** Its list of contents points past the bytes that are left. */
function without(docx: Buffer): Buffer {
  return Buffer.concat([docx.subarray(0, 200), docx.subarray(600)]);
}

/** Bit 0 of the flags of the first entry in the list of contents. */
function encryptedFlag(docx: Buffer): Buffer {
  const entry = docx.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  docx.writeUInt16LE(docx.readUInt16LE(entry + 8) | 1, entry + 8);
  return docx;
}
