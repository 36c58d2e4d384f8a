/** The checks a signed PDF must pass before it is filed: providers are known to serve an empty or cut-off file for a while. */
import { PDFDocument } from '@cantoo/pdf-lib';
import { DocumentError } from './documents.js';
import { hasPdfEnd, sha256Of } from './recognise.js';

export interface SignedPdfFacts {
  bytes: number;
  pages: number;
  /** Lower-case hex. */
  sha256: string;
}

/** No PDF with a page is shorter. */
const SHORTEST_BYTES = 100;

/** Throws `DocumentError` `refused` that says what is wrong; changes nothing. */
export async function inspectSignedPdf(bytes: Uint8Array): Promise<SignedPdfFacts> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length === 0) throw refused('it is empty');
  if (view.toString('latin1', 0, 5) !== '%PDF-') throw refused('it does not begin as a PDF');
  if (view.length < SHORTEST_BYTES) throw refused(`it has only ${view.length} bytes`);
  if (!hasPdfEnd(view)) throw refused('it is cut off: its end marker is missing');
  const pages = await pagesOf(bytes);
  if (pages === 0) throw refused('it has no pages');
  return { bytes: view.length, pages, sha256: sha256Of(bytes) };
}

async function pagesOf(bytes: Uint8Array): Promise<number> {
  try {
    // Signed PDFs may be locked against changes: those open with the empty password.
    return (await PDFDocument.load(bytes, { updateMetadata: false, password: '' })).getPageCount();
  } catch (error) {
    throw refused('it cannot be opened', error);
  }
}

function refused(why: string, cause?: unknown): DocumentError {
  return new DocumentError('refused', `The signed PDF is not accepted: ${why}.`, cause);
}
