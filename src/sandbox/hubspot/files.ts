/** The file manager (HubSpot docs, Files): private or public files in folders, duplicates by content. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Account, StoredFile } from './account.js';
import { invalid, Refusal } from './refusal.js';

const options = z.strictObject({
  access: z.enum([
    'PUBLIC_INDEXABLE',
    'PUBLIC_NOT_INDEXABLE',
    'HIDDEN_INDEXABLE',
    'HIDDEN_NOT_INDEXABLE',
    'HIDDEN_PRIVATE',
    'PRIVATE',
  ]),
  ttl: z.string().optional(),
  overwrite: z.boolean().default(false),
  duplicateValidationStrategy: z.enum(['NONE', 'REJECT', 'RETURN_EXISTING']).default('NONE'),
  duplicateValidationScope: z.enum(['ENTIRE_PORTAL', 'EXACT_FOLDER']).default('ENTIRE_PORTAL'),
});

/** Stores what a multipart body carries, or answers the file that is there, as its options say. */
export async function uploadFile(
  account: Account,
  body: Buffer,
  contentType: string,
  mostBytes: number,
): Promise<Record<string, unknown>> {
  const form = await formIn(body, contentType);
  const file = form.get('file');
  if (!(file instanceof File)) throw invalid('file is required');
  const folder = form.get('folderPath');
  if (form.has('folderId') || typeof folder !== 'string' || folder === '')
    throw invalid('One of folderId or folderPath must be specified, and this stand-in knows folderPath only');
  const read = options.safeParse(jsonIn(form.get('options')));
  if (!read.success) throw invalid(`options: ${z.prettifyError(read.error)}`);
  const bytes = Buffer.from(await file.arrayBuffer());
  if (bytes.length > mostBytes) throw new Refusal(413, 'VALIDATION_ERROR', 'The file is too large');

  const { access, duplicateValidationStrategy: strategy, duplicateValidationScope: scope } = read.data;
  const twin = account.files.find(
    (other) => hashOf(other.bytes) === hashOf(bytes) && (scope === 'ENTIRE_PORTAL' || other.folder === folder),
  );
  if (twin && strategy === 'REJECT') throw new Refusal(409, 'CONFLICT', 'A duplicate of this file is there already');
  if (twin && strategy === 'RETURN_EXISTING') return described(twin);
  const given = form.get('fileName');
  const wanted = typeof given === 'string' && given !== '' ? given : file.name;
  const stored = { id: account.newId(), name: freeName(account, folder, wanted), folder, access, bytes };
  account.files.push(stored);
  return described(stored);
}

export function listFiles(account: Account, limit: number): Record<string, unknown> {
  return { results: account.files.slice(0, limit).map(described) };
}

async function formIn(body: Buffer, contentType: string): Promise<FormData> {
  if (!contentType.startsWith('multipart/form-data'))
    throw new Refusal(415, 'VALIDATION_ERROR', 'Unsupported Media Type');
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw invalid('The body is not valid multipart/form-data');
  }
}

function jsonIn(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** A name that is taken gets a number behind it. */
function freeName(account: Account, folder: string, wanted: string): string {
  const taken = (name: string): boolean => account.files.some((file) => file.folder === folder && file.name === name);
  let name = wanted;
  for (let turn = 1; taken(name); turn += 1) name = wanted.replace(/(\.[^.]*)?$/, (ending) => `-${turn}${ending}`);
  return name;
}

function hashOf(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

function described({ id, name, folder, access, bytes }: StoredFile): Record<string, unknown> {
  return {
    id,
    name: name.replace(/\.[^.]*$/, ''),
    extension: 'pdf',
    path: `${folder}/${name}`,
    access,
    size: bytes.length,
  };
}
