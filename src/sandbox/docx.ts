import { PDFDocument, StandardFonts, type PDFFont } from '@cantoo/pdf-lib';
import mammoth from 'mammoth';
import { printable, wrap } from './lettering.js';

const PAGE = { width: 612, height: 792 };
const MARGIN = 72;

interface Block {
  kind: 'heading' | 'subheading' | 'paragraph' | 'item';
  text: string;
}

/** The PDF of a Word document: its text in its order, headings and lists recognisable. Atlas converts at ingest too (Atlas notes 19). */
export async function docxToPdf(docx: Buffer): Promise<Buffer> {
  const { value } = await mammoth.convertToHtml(
    { buffer: docx },
    { convertImage: noImages, externalFileAccess: false },
  );
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const regular = await pdf.embedFont(StandardFonts.TimesRoman);
  const bold = await pdf.embedFont(StandardFonts.TimesRomanBold);
  let page = pdf.addPage([PAGE.width, PAGE.height]);
  let y = PAGE.height - MARGIN;
  for (const block of blocksOf(value)) {
    const { font, size, indent, before } = looks(block.kind, regular, bold);
    y -= before;
    const lines = wrap(printable(block.text, font), font, size, PAGE.width - 2 * MARGIN - indent);
    for (const [index, line] of lines.entries()) {
      if (y < MARGIN + size) {
        page = pdf.addPage([PAGE.width, PAGE.height]);
        y = PAGE.height - MARGIN;
      }
      y -= size * 1.35;
      if (block.kind === 'item' && index === 0) page.drawText('•', { x: MARGIN + indent - 12, y, size, font });
      page.drawText(line, { x: MARGIN + indent, y, size, font });
    }
  }
  // Fixed dates: the same Word file always makes the same PDF, so that detection can be cached by its hash.
  pdf.setCreationDate(new Date(0));
  pdf.setModificationDate(new Date(0));
  return Buffer.from(await pdf.save());
}

const noImages = mammoth.images.imgElement(async () => ({ src: '' }));

function looks(kind: Block['kind'], regular: PDFFont, bold: PDFFont) {
  switch (kind) {
    case 'heading':
      return { font: bold, size: 18, indent: 0, before: 14 };
    case 'subheading':
      return { font: bold, size: 13, indent: 0, before: 12 };
    case 'paragraph':
      return { font: regular, size: 11, indent: 0, before: 6 };
    case 'item':
      return { font: regular, size: 11, indent: 18, before: 3 };
  }
}

/** The blocks of mammoth's HTML, which is flat: headings, paragraphs and list items. */
function blocksOf(html: string): Block[] {
  return [...html.matchAll(/<(h[1-6]|p|li)\b[^>]*>(.*?)<\/\1>/gs)].flatMap(([, tag = 'p', inner = '']) => {
    const text = inner
      .replace(/<br\s*\/?>/g, ' ')
      .replace(/<[^>]*>/g, '')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&#39;/g, "'")
      .replace(/&amp;/g, '&')
      .trim();
    if (text === '') return [];
    const kind = tag === 'h1' ? 'heading' : tag.startsWith('h') ? 'subheading' : tag === 'li' ? 'item' : 'paragraph';
    return [{ kind, text }];
  });
}
