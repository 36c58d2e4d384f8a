import { createHash } from 'node:crypto';

export interface SignedDocument {
  sha256: string;
  pages: number;
  /** The text of all pages. */
  text: string;
}

/** Opens a PDF with a reader that had no part in making it. Throws when it does not open. */
export async function openSignedDocument(bytes: Uint8Array): Promise<SignedDocument> {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // The reader takes the bytes over, so it gets a copy.
  const loading = getDocument({
    data: Uint8Array.from(bytes),
    verbosity: VerbosityLevel.ERRORS,
    useSystemFonts: false,
  });
  try {
    const pdf = await loading.promise;
    const texts: string[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      texts.push(items.map((item) => ('str' in item ? item.str : '')).join(' '));
    }
    return { sha256, pages: pdf.numPages, text: texts.join('\n') };
  } finally {
    await loading.destroy();
  }
}
