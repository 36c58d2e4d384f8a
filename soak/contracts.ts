/** What the soak's deals are about: the documents, and what the company decided for each type of them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docx, twoPagePdf } from '../src/stack/contracts.js';
import { ORDER } from '../src/stack/order.js';

const DOCUMENT_TYPES = {
  plain: {},
  base64: { upload: 'base64' },
  templated: { template: { id: 'tmpl_1', prefill: { customer_name: 'company', amount: 'amount' } } },
  trusted: { template: { id: 'tmpl_2', prefill: { customer_name: 'company' }, trusted: true } },
  expiring: { reminders: { first: '5 seconds', every: '5 seconds', max: 2 } },
  reminded: { reminders: { first: '3 seconds', every: '3 seconds', max: 2 } },
  'slow-review': { reviewSla: '3 seconds' },
} as const;
export type DocumentType = keyof typeof DOCUMENT_TYPES;

export const PREFILL = { company: 'Halden Rail Services', amount: '42000' };

export const PDF = { uri: 'file:contracts/order-form.pdf' };
export const DOCX = { uri: 'file:contracts/order-form.docx' };
export const AMENDED = { uri: 'file:contracts/order-form-amended.pdf' };
/** No contract at all. */
export const NONSENSE = { uri: 'file:contracts/shopping-list.pdf' };

const LATE = 'late';

/** Where a deal's document will be once somebody puts it there. */
export function lateDocument(dealId: string): { uri: string } {
  return { uri: `file:contracts/${LATE}/${dealId}.pdf` };
}

/** Writes the documents that are there from the beginning, and the document types file. `expireAfter` is what goes into it. */
export async function writeContracts(folder: string, documentTypesFile: string, expireAfter: string): Promise<void> {
  await mkdir(join(folder, LATE), { recursive: true });
  const inFolder = (name: string, bytes: Buffer | string): Promise<void> => writeFile(join(folder, name), bytes);
  await inFolder('order-form.pdf', await twoPagePdf());
  await inFolder('order-form.docx', await docx());
  await inFolder('order-form-amended.pdf', await twoPagePdf({ ...ORDER, number: 'OF-2025-0142-A' }));
  await inFolder('shopping-list.pdf', 'milk, bread, two pens');
  const types = { ...DOCUMENT_TYPES, expiring: { ...DOCUMENT_TYPES.expiring, expireAfter } };
  await writeFile(documentTypesFile, JSON.stringify(types, null, 2));
}

/** Puts the document of one deal where it should have been. */
export async function putLateDocument(folder: string, dealId: string): Promise<void> {
  await writeFile(join(folder, LATE, `${dealId}.pdf`), await twoPagePdf({ ...ORDER, number: dealId }));
}
