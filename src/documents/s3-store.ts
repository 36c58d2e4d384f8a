import { DocumentError, type DocumentStore } from './documents.js';
import type { S3Settings } from './store.js';

export async function createS3Store(
  _store: { bucket: string; prefix: string },
  _s3: S3Settings,
): Promise<DocumentStore> {
  throw new DocumentError('refused', 'DOCUMENT_STORE: s3: is not supported yet. Example: file:./data/documents');
}
