/** Documents for tests, made afresh: whole ones, and the ways they can be broken. */
import { createHash } from 'node:crypto';
import { PDFDocument } from '@cantoo/pdf-lib';
import { Document, Packer, Paragraph } from 'docx';

export async function aPdf(pages = 2): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  for (let page = 1; page <= pages; page += 1) pdf.addPage([300, 400]).drawText(`Page ${page} of the order form`);
  return Buffer.from(await pdf.save({ addDefaultPage: false }));
}

export async function anEncryptedPdf(userPassword: string): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  pdf.addPage([300, 400]).drawText('Locked');
  pdf.encrypt({ userPassword, ownerPassword: 'owner' });
  return Buffer.from(await pdf.save());
}

export async function aDocx(): Promise<Buffer> {
  return Packer.toBuffer(new Document({ sections: [{ children: [new Paragraph('Order form')] }] }));
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
