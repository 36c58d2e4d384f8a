/** Reads `file:` documents, from below one folder only. */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DocumentError } from './documents.js';

/**
 * The bytes of `file:contracts/x.pdf` (relative to `root`) or `file:///...` (absolute, but below `root`). Throws
 * `DocumentError` `missing` for what is not there, is no regular file, or leads out of `root` by `..` or by a symbolic link.
 */
export async function readBelow(root: string, uri: string, maxBytes: number): Promise<Uint8Array> {
  const folder = resolve(root);
  const path = pathOf(folder, uri);
  if (!isBelow(folder, path)) throw outside();
  try {
    const [realFolder, realFile] = await Promise.all([realpath(folder), realpath(path)]);
    if (!isBelow(realFolder, realFile)) throw outside();
    return await readRegular(realFile, maxBytes);
  } catch (error) {
    throw failureOf(error);
  }
}

export function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function pathOf(folder: string, uri: string): string {
  // A URL without slashes is relative to the folder: the URL parser alone would take it for absolute.
  const rest = uri.replace(/^file:(?!\/)/i, './');
  const url = URL.parse(rest, `${pathToFileURL(folder).href}/`);
  if (!url || url.protocol !== 'file:' || url.search || url.hash || url.pathname.includes('%00')) throw malformed();
  try {
    return fileURLToPath(url);
  } catch {
    throw malformed();
  }
}

async function readRegular(path: string, maxBytes: number): Promise<Uint8Array> {
  // No link is followed that was put there since its path was resolved, and a pipe is not waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new DocumentError('missing', 'The document uri leads to no regular file.');
    if (facts.size > maxBytes) throw new DocumentError('refused', `The document is larger than ${maxBytes} bytes.`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

/** Without the cause, whose message shows the path: file names of contracts name people. */
function failureOf(error: unknown): DocumentError {
  if (error instanceof DocumentError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (ABSENT.has(code)) return new DocumentError('missing', 'There is no such file below DOCUMENT_ROOT.');
  if (code === 'EACCES' || code === 'EPERM') {
    return new DocumentError('missing', 'The document may not be read by this process: check its permissions.');
  }
  return new DocumentError('unavailable', `The document could not be read (${code}).`);
}

function outside(): DocumentError {
  return new DocumentError('missing', 'The document does not lie below DOCUMENT_ROOT.');
}

function malformed(): DocumentError {
  return new DocumentError('missing', 'The document uri is malformed: write file:folder/name.pdf, percent-encoded.');
}
