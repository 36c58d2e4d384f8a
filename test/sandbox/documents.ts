import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { Document, HeadingLevel, Packer, Paragraph } from 'docx';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

/** A PDF of so many pages, each with a line that says which. `comment` stands in it where only software reads it. */
export async function aPdf(pages: number, text = 'Agreement', comment?: string): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (let page = 1; page <= pages; page += 1) {
    pdf.addPage([612, 792]).drawText(`${text}, page ${page}`, { x: 72, y: 700, size: 12, font });
  }
  const bytes = Buffer.from(await pdf.save());
  return comment === undefined ? bytes : Buffer.concat([bytes, Buffer.from(`\n% ${comment}\n`)]);
}

export async function aDocx(heading: string, paragraphs: string[]): Promise<Buffer> {
  const children = [
    new Paragraph({ text: heading, heading: HeadingLevel.HEADING_1 }),
    ...paragraphs.map((text) => new Paragraph(text)),
  ];
  return Packer.toBuffer(new Document({ sections: [{ children }] }));
}

/** The text of each page, as a reader of the PDF finds it. */
export async function textsOf(pdf: Uint8Array): Promise<string[]> {
  const loading = getDocument({ data: new Uint8Array(pdf), verbosity: 0 });
  const document = await loading.promise;
  const texts: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const content = await (await document.getPage(number)).getTextContent();
    texts.push(content.items.map((item) => ('str' in item ? item.str : '')).join(' '));
  }
  await loading.destroy();
  return texts;
}
