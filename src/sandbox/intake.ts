import { fetch, type Dispatcher } from 'undici';
import { MAX_DOCUMENT_BYTES, type ParsedBody, type UploadedFile } from './body.js';
import { docxToPdf } from './docx.js';
import type { Documents } from './documents.js';
import type { EnvelopeDocument } from './model.js';
import { Refusal } from './refusal.js';
import { asOutcome } from './switches.js';

const FETCH_TIMEOUT_MS = 20_000;
/** In a PDF comment, `% sandbox_detection=failed` scripts the outcome of this document's detection. */
const MARK = /sandbox_detection=(\w+)/;

export interface TakenDocument {
  document: EnvelopeDocument;
  scripted: ReturnType<typeof asOutcome>;
}

/** Takes the one document of a create: kept, and converted when it is DOCX. 400 unless there is exactly one, and it is PDF or DOCX by its content. */
export async function takeDocument(
  body: ParsedBody,
  documents: Documents,
  dispatcher: Dispatcher,
): Promise<TakenDocument> {
  const upload = await readSource(body, dispatcher);
  if (upload.bytes.length > MAX_DOCUMENT_BYTES) {
    throw new Refusal(413, 'document_too_large', `The document is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  }
  const source = kindOf(upload.bytes);
  const pdf = source === 'pdf' ? upload.bytes : await convert(upload.bytes);
  const document = { name: upload.name, sha256: await documents.keep(pdf), bytes: pdf.length, source, pages: null };
  const head = source === 'pdf' ? MARK.exec(upload.bytes.toString('latin1'))?.[1] : undefined;
  return { document, scripted: asOutcome(head) };
}

async function readSource(body: ParsedBody, dispatcher: Dispatcher): Promise<UploadedFile> {
  const { document, document_url: url } = body.values;
  const file = body.files['file'];
  const given = [document, url, file].filter((source) => source !== undefined).length;
  if (given !== 1) {
    throw new Refusal(
      400,
      'invalid_document',
      'Give exactly one of file (multipart), document (base64) or document_url',
    );
  }
  if (file !== undefined) return file;
  if (body.transport === 'multipart') {
    throw new Refusal(400, 'invalid_document', 'In multipart the document is the file field');
  }
  return document === undefined ? download(url, dispatcher) : decode(document);
}

function decode(document: unknown): UploadedFile {
  if (typeof document !== 'string' || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(document)) {
    throw new Refusal(400, 'invalid_document', 'document must be a base64 string');
  }
  return { bytes: Buffer.from(document, 'base64'), name: 'document' };
}

async function download(url: unknown, dispatcher: Dispatcher): Promise<UploadedFile> {
  const target = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw new Refusal(400, 'invalid_document', 'document_url must be an http(s) URL');
  }
  try {
    const response = await fetch(target, { dispatcher, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    const chunks: Uint8Array[] = [];
    let size = 0;
    if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`);
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue;
      size += chunk.length;
      if (size > MAX_DOCUMENT_BYTES) throw new Error('it is too large');
      chunks.push(chunk);
    }
    const name = decodeURIComponent(target.pathname.split('/').pop() ?? '');
    return { bytes: Buffer.concat(chunks), name: name === '' ? 'document' : name };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(400, 'document_unavailable', `document_url could not be fetched: ${why}`);
  }
}

function kindOf(bytes: Buffer): 'pdf' | 'docx' {
  if (bytes.subarray(0, 1024).includes('%PDF-')) return 'pdf';
  // A Word file is a ZIP archive that names this entry in the clear.
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04')) && bytes.includes('word/document.xml')) return 'docx';
  throw new Refusal(400, 'invalid_document', 'The document is neither PDF nor DOCX');
}

async function convert(docx: Buffer): Promise<Buffer> {
  try {
    return await docxToPdf(docx);
  } catch {
    throw new Refusal(400, 'invalid_document', 'The DOCX could not be read');
  }
}
