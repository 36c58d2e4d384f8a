import type { DocumentStore } from './documents.js';
import { createFileStore } from './file-store.js';
import type { S3Settings } from './s3-objects.js';

export type { S3Settings } from './s3-objects.js';

/** What `DOCUMENT_STORE` says. */
export type StoreSettings =
  | { kind: 'file'; /** Absolute. */ folder: string }
  | { kind: 's3'; bucket: string; /** Without a slash at its end; may be empty. */ prefix: string };

/** The store that the settings name. Throws `DocumentError` when its SDK is not installed. */
export async function openDocumentStore(settings: StoreSettings, s3: S3Settings): Promise<DocumentStore> {
  if (settings.kind === 'file') return createFileStore(settings.folder);
  const { createS3Store } = await import('./s3-store.js');
  return createS3Store(settings, s3);
}
