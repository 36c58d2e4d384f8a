import { PDFDocument, StandardFonts, rgb, type PDFFont, type PDFPage } from '@cantoo/pdf-lib';
import { addCertificate } from './certificate.js';
import { fittingSize, printable } from './lettering.js';
import type { Envelope, Field } from './model.js';

const INK = rgb(0.07, 0.15, 0.42);
const GREY = rgb(0.4, 0.43, 0.5);

/**
 * The executed document: the original with every value drawn where its field is, the envelope id on each page, and a certificate page at the end.
 * The same envelope always gives the same bytes, so that the file can be drawn only when it is downloaded, and again after a restart.
 */
export async function drawSignedPdf(envelope: Envelope, original: Buffer): Promise<Buffer> {
  const pdf = await open(original);
  const fonts = await embedFonts(pdf);
  drawFields(pdf, envelope.fields, envelope, fonts);
  addCertificate(pdf, envelope, fonts);
  for (const page of pdf.getPages()) {
    page.drawText(`Envelope ${envelope.id}`, { x: 24, y: 14, size: 7, font: fonts.regular, color: GREY });
  }
  const signedAt = new Date(envelope.signedAt ?? envelope.createdAt);
  pdf.setModificationDate(signedAt);
  return Buffer.from(await pdf.save());
}

/** What a signer reads before signing: the original with the sender's own prefilled texts, and nothing that another signer filled in. */
export async function drawForSigner(envelope: Envelope, original: Buffer): Promise<Buffer> {
  const prefilled = envelope.fields.filter((field) => field.partyIndex === null && field.value !== null);
  if (prefilled.length === 0) return original;
  const pdf = await open(original);
  const fonts = await embedFonts(pdf);
  drawFields(pdf, prefilled, envelope, fonts);
  return Buffer.from(await pdf.save());
}

/** An original that cannot be opened (its detection failed for it) leaves only the certificate. */
async function open(original: Buffer): Promise<PDFDocument> {
  try {
    return await PDFDocument.load(original, { updateMetadata: false });
  } catch {
    return PDFDocument.create({ updateMetadata: false });
  }
}

export interface Fonts {
  regular: PDFFont;
  bold: PDFFont;
  signature: PDFFont;
}

async function embedFonts(pdf: PDFDocument): Promise<Fonts> {
  return {
    regular: await pdf.embedFont(StandardFonts.Helvetica),
    bold: await pdf.embedFont(StandardFonts.HelveticaBold),
    signature: await pdf.embedFont(StandardFonts.TimesRomanItalic),
  };
}

function drawFields(pdf: PDFDocument, fields: Field[], envelope: Envelope, fonts: Fonts): void {
  const pages = pdf.getPages();
  for (const field of fields) {
    const page = pages[field.page - 1];
    if (page !== undefined && field.value !== null) drawField(page, field, envelope, fonts);
  }
}

function drawField(page: PDFPage, field: Field, envelope: Envelope, fonts: Fonts): void {
  const media = page.getMediaBox();
  const box = {
    x: media.x + field.xPct * media.width,
    y: media.y + (1 - field.yPct - field.hPct) * media.height,
    width: field.wPct * media.width,
    height: field.hPct * media.height,
  };
  const write = (text: string, font: PDFFont, size: number, y: number, color = INK): void => {
    const letters = printable(text, font);
    page.drawText(letters, { x: box.x + 2, y, size: fittingSize(letters, font, size, box.width - 4), font, color });
  };
  const value = field.value ?? '';
  if (field.type === 'signature') {
    const party = field.partyIndex === null ? undefined : envelope.parties[field.partyIndex];
    const line = { start: { x: box.x, y: box.y }, end: { x: box.x + box.width, y: box.y }, thickness: 0.6, color: INK };
    write(value, fonts.signature, Math.min(22, box.height * 0.6), box.y + box.height * 0.34);
    write(`Signed by ${value} on ${party?.signedAt ?? ''}`, fonts.regular, 6.5, box.y + 3, GREY);
    page.drawLine(line);
  } else if (field.type === 'checkbox') {
    write(value === 'on' ? 'X' : '', fonts.bold, box.height * 0.8, box.y + 2);
  } else {
    write(value, fonts.regular, Math.min(11, box.height * 0.8), box.y + box.height * 0.25);
  }
}
