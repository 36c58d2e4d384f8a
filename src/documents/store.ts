import { DocumentError, type DocumentStore } from './documents.js';
import { createFileStore } from './file-store.js';

/** The store that `DOCUMENT_STORE` names: `file:<folder>`, relative to the working directory or absolute. Throws at once on any other. */
export function createDocumentStore(uri: string): DocumentStore {
  const folder = folderOf(uri);
  if (folder !== undefined) return createFileStore(folder);
  if (/^s3:/i.test(uri)) {
    throw new DocumentError('refused', 'DOCUMENT_STORE: s3: is not supported yet. Example: file:./data/documents');
  }
  throw new DocumentError('refused', 'DOCUMENT_STORE must be a file: folder. Example: file:./data/documents');
}

function folderOf(uri: string): string | undefined {
  const path = /^file:(?:\/\/(?=\/))?(.+)$/i.exec(uri)?.[1];
  try {
    return path && decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
