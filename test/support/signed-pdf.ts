import { PDFDocument } from '@cantoo/pdf-lib';

/** A small, valid PDF of `pages` pages. */
export async function aSignedPdf(pages = 2): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  for (let page = 1; page <= pages; page += 1)
    pdf.addPage([300, 200]).drawText(`Signed page ${page}`, { x: 20, y: 100 });
  return pdf.save();
}
