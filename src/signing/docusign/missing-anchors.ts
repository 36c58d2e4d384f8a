/** DocuSign refuses an envelope with an anchor that it does not find without a code for which one it is. */
import type { EnvelopeDraft } from '../provider.js';
import { DocusignProviderError } from './errors.js';

const CODE = 'ANCHOR_TAG_PROCESSING_FAILURE';

/** The error to throw instead: it names the anchors that the document seems not to have, or all of them where that cannot be told. */
export async function namingAnchors(error: unknown, { fields = [], document }: EnvelopeDraft): Promise<unknown> {
  if (!(error instanceof DocusignProviderError) || error.code !== CODE) return error;
  const anchors = [...new Set(fields.map(({ anchor }) => anchor))];
  const text = document?.contentType === 'application/pdf' ? await textOf(document.bytes) : undefined;
  const lost = text === undefined ? [] : anchors.filter((anchor) => !text.includes(plain(anchor)));
  const named = (lost.length > 0 ? lost : anchors).map((anchor) => `“${anchor}”`).join(', ');
  const which = lost.length > 0 || anchors.length === 1 ? `is not in the document: ${named}` : `is one of ${named}`;
  return new DocusignProviderError('invalid', `an anchor of a field ${which}`, { code: CODE });
}

/** Without spaces and in small letters, as DocuSign compares by default; undefined when it cannot be read. */
async function textOf(bytes: Uint8Array): Promise<string | undefined> {
  // Reading PDFs is much code, which nobody else should wait for.
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0 });
  try {
    const pdf = await task.promise;
    let text = '';
    for (let number = 1; number <= pdf.numPages; number++) {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      text += items.map((item) => ('str' in item ? item.str : '')).join('');
    }
    return plain(text);
  } catch {
    return undefined;
  } finally {
    await task.destroy();
  }
}

function plain(text: string): string {
  return text.replaceAll(/\s/g, '').toLowerCase();
}
