import { describe, expect, test } from 'vitest';
import { docx, twoPagePdf } from '../../src/stack/contracts.js';
import { openSignedDocument } from '../../src/stack/demo/signed-document.js';
import { ORDER } from '../../src/stack/order.js';
import { docxToPdf } from '../../src/sandbox/docx.js';

describe('the sample contracts', () => {
  test('the PDF opens, has two pages and says who orders what', async () => {
    const { pages, text } = await openSignedDocument(await twoPagePdf());
    expect(pages).toBe(2);
    for (const words of [ORDER.number, ORDER.customer, 'Priority support, year', '$41,420.00']) {
      expect(text).toContain(words);
    }
  });

  test('the same order always gives the same PDF, another order another', async () => {
    const [first, second, other] = await Promise.all([
      twoPagePdf(),
      twoPagePdf(),
      twoPagePdf({ ...ORDER, number: 'OF-2025-0143' }),
    ]);
    expect(first.equals(second)).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  test('the Word document opens and says the same', async () => {
    const { text } = await openSignedDocument(await docxToPdf(await docx()));
    for (const words of [ORDER.number, ORDER.customer, 'Priority support, year', '$41,420.00']) {
      expect(text).toContain(words);
    }
  });
});
