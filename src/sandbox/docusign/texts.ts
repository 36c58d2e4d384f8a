/** Documents as DocuSign takes them: anything becomes a PDF, whose text anchors are looked for in. */
import { PDFDocument } from '@cantoo/pdf-lib';
import { createHash } from 'node:crypto';
import type { GivenTab, PlacedText } from './envelope.js';
import { Refusal } from './refusal.js';

interface Read {
  bytes: Buffer;
  pages: PlacedText[];
}

const KEPT = 64;
const known = new Map<string, Promise<Read>>();

/** The document as a PDF with its text by page; the same bytes are read once. Throws the refusal of a file that cannot be read. */
export async function readDocument(bytes: Buffer, extension: string): Promise<Read> {
  const name = `${extension} ${createHash('sha256').update(bytes).digest('hex')}`;
  const reading = known.get(name) ?? read(bytes, extension);
  known.set(name, reading);
  const oldest = known.keys().next();
  if (known.size > KEPT && !oldest.done) known.delete(oldest.value);
  return reading;
}

async function read(bytes: Buffer, extension: string): Promise<Read> {
  try {
    const pdf = extension === 'pdf' ? bytes : await printed(bytes, extension);
    await PDFDocument.load(pdf, { updateMetadata: false });
    return { bytes: pdf, pages: await pagesOf(pdf) };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, 'UNABLE_TO_LOAD_DOCUMENT', 'Unable to load document.');
  }
}

async function printed(bytes: Buffer, extension: string): Promise<Buffer> {
  if (extension !== 'docx')
    throw new Refusal(400, 'UNABLE_TO_CONVERT_DOCUMENT', 'System was unable to convert this document to a PDF.');
  const { docxToPdf } = await import('../docx.js');
  return docxToPdf(bytes);
}

async function pagesOf(bytes: Buffer): Promise<PlacedText[]> {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const loading = getDocument({ data: new Uint8Array(bytes), verbosity: VerbosityLevel.ERRORS });
  try {
    const pdf = await loading.promise;
    const pages: PlacedText[] = [];
    for (let number = 1; number <= pdf.numPages; number += 1) {
      const page = await pdf.getPage(number);
      const { height } = page.getViewport({ scale: 1 });
      const placed: PlacedText = { text: '', pieces: [] };
      for (const item of (await page.getTextContent()).items) {
        if (!('str' in item)) continue;
        placed.pieces.push({
          from: placed.text.length,
          x: Number(item.transform[4]),
          y: height - Number(item.transform[5]),
        });
        placed.text += item.str + (item.hasEOL ? '\n' : '');
      }
      pages.push(placed);
    }
    return pages;
  } finally {
    await loading.destroy();
  }
}

/** Where on a page the text of a tab's anchor stands, once for each time. */
export function anchorsOn(
  page: PlacedText,
  { fields }: GivenTab,
  wholeWordDefault: boolean,
): { x: number; y: number }[] {
  const said = (name: string, fallback: boolean): boolean =>
    fields[name] === undefined ? fallback : fields[name] === 'true';
  const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const anchor = fields['anchorString'] ?? '';
  const letters = said('anchorAllowWhiteSpaceInCharacters', true)
    ? [...anchor.replaceAll(/\s/g, '')].map(escape).join(String.raw`\s*`)
    : escape(anchor);
  if (letters === '') return [];
  const whole = said('anchorMatchWholeWord', wholeWordDefault);
  const pattern = whole ? String.raw`(?<![\p{L}\p{N}_])${letters}(?![\p{L}\p{N}_])` : letters;
  const flags = said('anchorCaseSensitive', false) ? 'gu' : 'giu';
  return [...page.text.matchAll(new RegExp(pattern, flags))].map(({ index }) => {
    const piece = page.pieces.findLast(({ from }) => from <= index);
    return { x: piece?.x ?? 0, y: piece?.y ?? 0 };
  });
}
