/** The provider's certificate of completion, which stands at the end of the signed PDF: Atlas appends it (Atlas notes 12), DocuSign where it is asked to. */
import { PDFDocument } from '@cantoo/pdf-lib';

const HEADING = /certificate of completion|signing record/i;
const HEADING_FIRST = /^\s*(certificate of completion|signing record)/i;

export interface Certificate {
  bytes: Uint8Array;
  /** The first of its pages in the signed PDF, from 1. */
  firstPage: number;
  pages: number;
}

/**
 * The pages from the certificate's heading to the end, as a PDF of their own, the same bytes each time; undefined when no page has such a
 * heading. Throws when the PDF cannot be read.
 */
export async function certificateIn(signed: Uint8Array): Promise<Certificate | undefined> {
  const firstPage = await pageOfHeading(signed);
  if (firstPage === undefined) return undefined;
  const whole = await PDFDocument.load(signed, { updateMetadata: false, password: '' });
  const extract = await PDFDocument.create({ updateMetadata: false });
  const indices = whole.getPageIndices().slice(firstPage - 1);
  for (const page of await extract.copyPages(whole, indices)) extract.addPage(page);
  return { bytes: await extract.save(), firstPage, pages: indices.length };
}

/**
 * The last page with the heading, since contracts speak of certificates, too; or the first of those before it that begin with the heading, since
 * a certificate may repeat it on each of its pages.
 */
async function pageOfHeading(signed: Uint8Array): Promise<number | undefined> {
  // Reading PDFs is much code, which nobody else should wait for.
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  // It takes the bytes over, so it gets some of its own.
  const task = getDocument({ data: new Uint8Array(signed), verbosity: 0 });
  try {
    const pdf = await task.promise;
    let found: number | undefined;
    for (let number = pdf.numPages; number >= 1; number--) {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      const text = items.map((item) => ('str' in item ? item.str : '')).join(' ');
      const has = (found === undefined ? HEADING : HEADING_FIRST).test(text);
      if (has) found = number;
      else if (found !== undefined) break;
    }
    return found;
  } finally {
    await task.destroy();
  }
}
