import { createHash } from 'node:crypto';
import { Refusal } from './refusal.js';

/** The largest document, bytes. Atlas's own limit is not documented (Atlas notes 19). */
export const MAX_DOCUMENT_BYTES = 25 * 1024 * 1024;
/** Base64 is a third larger than the bytes; the rest of a request is small. */
export const MAX_BODY_BYTES = Math.ceil((MAX_DOCUMENT_BYTES * 4) / 3) + 1024 * 1024;

export interface UploadedFile {
  bytes: Buffer;
  name: string;
}

/** A request's body, whichever way it came. JSON and multipart keep apart idempotency keys (Atlas notes 9). */
export interface ParsedBody {
  transport: 'json' | 'multipart';
  values: Record<string, unknown>;
  files: Record<string, UploadedFile>;
}

/** In multipart these are one form field each that holds JSON (Atlas notes 2.1). */
const JSON_FORM_FIELDS = new Set(['parties', 'metadata', 'auto_send', 'prefill', 'fields', 'fields_version']);

/** 400 on a body that is not what its content type says, 415 on a content type that no route takes. An absent body is `{}`. */
export async function parseBody(raw: unknown, contentType: string | undefined): Promise<ParsedBody> {
  const bytes = Buffer.isBuffer(raw) ? raw : Buffer.alloc(0);
  if (bytes.length === 0) return { transport: 'json', values: {}, files: {} };
  const type = (contentType ?? '').toLowerCase();
  if (type.startsWith('multipart/form-data')) return parseMultipart(bytes, contentType ?? '');
  if (type.startsWith('application/json')) {
    const value = parseJson(bytes.toString('utf8'), 'the body');
    if (!isRecord(value)) throw new Refusal(400, 'bad_request', 'The body must be a JSON object');
    return { transport: 'json', values: value, files: {} };
  }
  throw new Refusal(415, 'unsupported_media_type', 'Send application/json or multipart/form-data');
}

async function parseMultipart(bytes: Buffer, contentType: string): Promise<ParsedBody> {
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new Refusal(400, 'bad_request', 'The body is not valid multipart/form-data');
  }
  const values: Record<string, unknown> = {};
  const files: Record<string, UploadedFile> = {};
  for (const [name, value] of form.entries()) {
    if (Object.hasOwn(values, name) || Object.hasOwn(files, name)) {
      throw new Refusal(400, 'bad_request', `${name}: given twice; lists are one form field that holds JSON`);
    }
    if (typeof value !== 'string') files[name] = { bytes: Buffer.from(await value.arrayBuffer()), name: value.name };
    else values[name] = JSON_FORM_FIELDS.has(name) ? parseJson(value, name) : value;
  }
  return { transport: 'multipart', values, files };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'bad_request', `${what} is not valid JSON`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A hash of what was said, not of how: key order, and the boundary of a multipart body, make no difference. */
export function fingerprint(body: ParsedBody): string {
  const hash = createHash('sha256').update(canonical(body.values));
  for (const name of Object.keys(body.files).sort()) {
    const file = body.files[name];
    if (file !== undefined) hash.update(`\n${name}\n${file.name}\n`).update(file.bytes);
  }
  return hash.digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}
