/** What a document is, by its content, and whether a provider will be able to open it. */
import { createHash } from 'node:crypto';
import { EncryptedPDFError, PDFDocument } from '@cantoo/pdf-lib';
import { archiveEntries } from './docx-archive.js';
import { DocumentError, type DocumentKind, type FetchedDocument } from './documents.js';

/** The header may stand a little into the file (ISO 32000-1, annex H.3, note 13). */
const PDF_HEADER_WITHIN = 1024;
/** Readers look for the end marker this far from the end (annex H.3, note 18). */
const PDF_END_WITHIN = 1024;
const ZIP_HEAD = Buffer.from('PK\x03\x04');
/** Compound file: Word before 2007, and every password-protected DOCX. */
const COMPOUND_HEAD = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const HTML_HEAD = /^\uFEFF?\s*<(!doctype\s+html|html)\b/i;
const HTML_HEAD_WITHIN = 256;

/**
 * Throws `DocumentError` `refused` that says what is wrong with an unreadable, encrypted or empty document. `mediaType`: what its host says it
 * is; believed only where the bytes do not speak for themselves.
 */
export async function recognised(bytes: Uint8Array, mediaType?: string): Promise<FetchedDocument> {
  return { bytes, kind: await kindOf(bytes, mediaType), sha256: sha256Of(bytes) };
}

/** Whether a PDF is there to its end: the parser mends a cut-off one without a word, and pages are missing. */
export function hasPdfEnd(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(-PDF_END_WITHIN)).includes('%%EOF');
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function kindOf(bytes: Uint8Array, mediaType: string | undefined): Promise<DocumentKind> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length === 0) throw refused('The document is empty: it has 0 bytes.');
  if (view.subarray(0, PDF_HEADER_WITHIN).includes('%PDF-')) {
    await checkPdf(bytes);
    return 'pdf';
  }
  if (startsWith(view, ZIP_HEAD)) {
    checkDocx(bytes);
    return 'docx';
  }
  if (startsWith(view, COMPOUND_HEAD)) {
    throw refused('The document is an old .doc or a password-protected DOCX: save it as a DOCX without a password.');
  }
  if (mediaType === 'text/html' || HTML_HEAD.test(view.toString('utf8', 0, HTML_HEAD_WITHIN))) {
    throw refused('The document is an HTML page, a login page or an error page perhaps: link to the file itself.');
  }
  throw refused('The document is neither a PDF nor a DOCX.');
}

async function checkPdf(bytes: Uint8Array): Promise<void> {
  if (!hasPdfEnd(bytes)) throw refused('The PDF is cut off: its end marker is missing.');
  let pages: number;
  try {
    pages = (await PDFDocument.load(bytes, { updateMetadata: false })).getPageCount();
  } catch (error) {
    if (error instanceof EncryptedPDFError) throw refused('The PDF is encrypted: save it without a password.');
    throw refused('The PDF cannot be opened: it is damaged.', error);
  }
  if (pages === 0) throw refused('The PDF has no pages.');
}

function checkDocx(bytes: Uint8Array): void {
  const entries = archiveEntries(bytes);
  if (!entries) throw refused('The DOCX cannot be opened: it is damaged or cut off.');
  const names = new Set(entries.map(({ name }) => name));
  if (!names.has('[Content_Types].xml') || !names.has('word/document.xml')) {
    throw refused('The document is a ZIP archive but no DOCX.');
  }
  if (entries.some(({ encrypted }) => encrypted)) throw refused('The DOCX is encrypted: save it without a password.');
}

function startsWith(bytes: Buffer, head: Buffer): boolean {
  return bytes.subarray(0, head.length).equals(head);
}

function refused(message: string, cause?: unknown): DocumentError {
  return new DocumentError('refused', message, cause);
}
