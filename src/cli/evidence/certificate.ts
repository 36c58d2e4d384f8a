/** The provider's certificate of completion: Atlas appends it to the signed PDF (Atlas notes 12). */
import { PDFDocument } from '@cantoo/pdf-lib';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

const HEADING = /certificate of completion|signing record/i;

export interface Certificate {
  bytes: Uint8Array;
  /** The first of its pages in the signed PDF, from 1. */
  firstPage: number;
  pages: number;
}

/** The pages from the certificate's heading to the end, as a PDF of their own; undefined when no page has such a heading. */
export async function certificateIn(signed: Uint8Array): Promise<Certificate | undefined> {
  const firstPage = await pageOfHeading(signed);
  if (firstPage === undefined) return undefined;
  const whole = await PDFDocument.load(signed, { updateMetadata: false, password: '' });
  const extract = await PDFDocument.create({ updateMetadata: false });
  const indices = whole.getPageIndices().slice(firstPage - 1);
  for (const page of await extract.copyPages(whole, indices)) extract.addPage(page);
  return { bytes: await extract.save(), firstPage, pages: indices.length };
}

async function pageOfHeading(signed: Uint8Array): Promise<number | undefined> {
  // It takes the bytes over, so it gets some of its own.
  const task = getDocument({ data: new Uint8Array(signed), verbosity: 0 });
  try {
    const pdf = await task.promise;
    for (let number = 1; number <= pdf.numPages; number++) {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      if (HEADING.test(items.map((item) => ('str' in item ? item.str : '')).join(' '))) return number;
    }
    return undefined;
  } finally {
    await task.destroy();
  }
}
