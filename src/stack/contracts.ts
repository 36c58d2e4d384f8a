/** The project's own contracts, made afresh where they are needed: real documents, so that whatever opens documents can open them. */
import { PDFDocument, StandardFonts, rgb, type PDFFont, type PDFPage } from '@cantoo/pdf-lib';
import { ORDER, TERMS, lineTotal, money, total, type Order } from './order.js';

const PAGE = { width: 612, height: 792, margin: 56 };
const INNER = PAGE.width - 2 * PAGE.margin;
const INK = rgb(0.11, 0.13, 0.19);
const GREY = rgb(0.42, 0.45, 0.52);
const ACCENT = rgb(0.09, 0.32, 0.45);
const TINT = rgb(0.94, 0.96, 0.97);
const RULE = rgb(0.84, 0.87, 0.9);
// Fixed, so that the same order always gives the same bytes.
const MADE_AT = new Date('2025-01-06T09:00:00Z');

interface Pen {
  page: PDFPage;
  regular: PDFFont;
  bold: PDFFont;
}

/** An order form of two pages: the order on the first, the terms and two signature blocks on the second. */
export async function twoPagePdf(order: Order = ORDER): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const regular = await pdf.embedFont(StandardFonts.Helvetica);
  const bold = await pdf.embedFont(StandardFonts.HelveticaBold);
  const newPen = (): Pen => ({ page: pdf.addPage([PAGE.width, PAGE.height]), regular, bold });
  drawOrder(newPen(), order);
  drawTerms(newPen(), order);
  pdf.getPages().forEach((page, index) => {
    const footer = `Order form ${order.number}   -   page ${index + 1} of 2`;
    page.drawText(footer, { x: PAGE.margin, y: 26, size: 7.5, font: regular, color: GREY });
  });
  pdf.setTitle(`Order form ${order.number}`);
  pdf.setProducer('Countersign');
  pdf.setCreationDate(MADE_AT);
  pdf.setModificationDate(MADE_AT);
  return Buffer.from(await pdf.save());
}

/** The same order form as a Word document. */
export async function docx(order: Order = ORDER): Promise<Buffer> {
  const { Document, HeadingLevel, Packer, Paragraph, TextRun } = await import('docx');
  const heading = (text: string, level: (typeof HeadingLevel)[keyof typeof HeadingLevel]) =>
    new Paragraph({ text, heading: level });
  const strong = (text: string) => new Paragraph({ children: [new TextRun({ text, bold: true })] });
  const services = order.lines.map((line) => {
    const text = `${line.what}: ${line.quantity} at ${money(line.price)}, ${money(lineTotal(line))}`;
    return new Paragraph({ text, bullet: { level: 0 } });
  });
  const children = [
    heading(`Order form ${order.number}`, HeadingLevel.HEADING_1),
    new Paragraph(`Between ${order.seller} and ${order.customer}, effective ${order.effective}.`),
    heading('Services', HeadingLevel.HEADING_2),
    ...services,
    strong(`Total, before tax: ${money(total(order))}`),
    ...TERMS.flatMap(({ title, text }) => [heading(title, HeadingLevel.HEADING_2), new Paragraph(text)]),
    heading('Signatures', HeadingLevel.HEADING_2),
    ...[order.customer, order.seller].map((company) => strong(`Signed for ${company}`)),
  ];
  const title = `Order form ${order.number}`;
  return Packer.toBuffer(new Document({ creator: order.seller, title, sections: [{ children }] }));
}

function drawOrder({ page, regular, bold }: Pen, order: Order): void {
  page.drawRectangle({ x: 0, y: PAGE.height - 118, width: PAGE.width, height: 118, color: ACCENT });
  page.drawText('Order form', { x: PAGE.margin, y: PAGE.height - 66, size: 26, font: bold, color: rgb(1, 1, 1) });
  const subtitle = `${order.number}   -   effective ${order.effective}`;
  page.drawText(subtitle, {
    x: PAGE.margin,
    y: PAGE.height - 90,
    size: 10.5,
    font: regular,
    color: rgb(0.85, 0.92, 0.95),
  });

  let y = PAGE.height - 160;
  const parties: [string, string, number][] = [
    ['CUSTOMER', order.customer, PAGE.margin],
    ['SUPPLIER', order.seller, PAGE.width / 2 + 10],
  ];
  for (const [label, company, x] of parties) {
    page.drawText(label, { x, y, size: 8, font: bold, color: GREY });
    page.drawText(company, { x, y: y - 18, size: 13, font: bold, color: INK });
  }

  y -= 66;
  const columns = { what: PAGE.margin + 10, quantity: 350, price: 440, amount: PAGE.width - PAGE.margin - 10 };
  const right = (text: string, x: number, font: PDFFont, size: number, color = INK): void => {
    page.drawText(text, { x: x - font.widthOfTextAtSize(text, size), y, size, font, color });
  };
  page.drawRectangle({ x: PAGE.margin, y: y - 9, width: INNER, height: 26, color: TINT });
  page.drawText('Service', { x: columns.what, y, size: 9, font: bold, color: GREY });
  right('Quantity', columns.quantity, bold, 9, GREY);
  right('Price', columns.price, bold, 9, GREY);
  right('Amount', columns.amount, bold, 9, GREY);
  for (const line of order.lines) {
    y -= 32;
    page.drawText(line.what, { x: columns.what, y, size: 10.5, font: regular, color: INK });
    right(String(line.quantity), columns.quantity, regular, 10.5);
    right(money(line.price), columns.price, regular, 10.5);
    right(money(lineTotal(line)), columns.amount, regular, 10.5);
    rule(page, y - 12);
  }
  y -= 40;
  page.drawText('Total, before tax', { x: columns.what, y, size: 12, font: bold, color: INK });
  right(money(total(order)), columns.amount, bold, 12, ACCENT);

  y -= 56;
  page.drawText('Agreement', { x: PAGE.margin, y, size: 12, font: bold, color: ACCENT });
  const text =
    `${order.customer} orders the services above from ${order.seller} for twelve months from the effective date. ` +
    'Invoices are due thirty days after their date. The terms on the next page are part of this order form.';
  paragraph(page, regular, text, y - 20);
}

function drawTerms({ page, regular, bold }: Pen, order: Order): void {
  let y = PAGE.height - 80;
  page.drawText('Terms', { x: PAGE.margin, y, size: 20, font: bold, color: ACCENT });
  y -= 34;
  TERMS.forEach(({ title, text }, index) => {
    page.drawText(`${index + 1}. ${title}`, { x: PAGE.margin, y, size: 11, font: bold, color: INK });
    y = paragraph(page, regular, text, y - 16) - 14;
  });
  // Two blocks side by side at the foot of the last page, above the lines on which people sign.
  const top = PAGE.height * 0.21;
  rule(page, top + 34);
  [order.customer, order.seller].forEach((company, index) => {
    const x = PAGE.width * (index === 0 ? 0.1 : 0.55);
    page.drawText(`Signed for ${company}`, { x, y: top + 12, size: 9.5, font: bold, color: INK });
    page.drawText('Signature, title, date', { x, y: top, size: 7, font: regular, color: GREY });
  });
}

function rule(page: PDFPage, y: number): void {
  page.drawLine({ start: { x: PAGE.margin, y }, end: { x: PAGE.width - PAGE.margin, y }, thickness: 0.7, color: RULE });
}

/** Draws the text below `y` in lines as wide as the page allows; returns the height at which it ended. */
function paragraph(page: PDFPage, font: PDFFont, text: string, y: number): number {
  const size = 9.5;
  const lines = text.split(' ').reduce<string[]>((done, word) => {
    const last = done.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && font.widthOfTextAtSize(longer, size) > INNER) return [...done, word];
    return [...done.slice(0, -1), longer];
  }, []);
  lines.forEach((line, index) => {
    page.drawText(line, { x: PAGE.margin, y: y - index * 13.5, size, font, color: INK });
  });
  return y - lines.length * 13.5;
}
