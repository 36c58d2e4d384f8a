import { DocumentError } from './documents.js';

export interface S3Place {
  bucket: string;
  key: string;
}

/** What a bucket may be called (Amazon S3 user guide, General purpose bucket naming rules): a host name is made of it. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** In bytes (Amazon S3 user guide, Naming Amazon S3 objects). */
const LONGEST_KEY = 1024;

/** Where `s3://bucket/key` leads, the key percent-decoded. Throws `DocumentError` `missing` when it is malformed. */
export function placeOf(uri: string): S3Place {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/?#]+)\/([^?#]+)$/i.exec(uri) ?? [];
  const key = decoded(rest);
  if (!BUCKET.test(bucket) || bucket.includes('..') || key === '' || Buffer.byteLength(key) > LONGEST_KEY) {
    throw new DocumentError(
      'missing',
      'The document uri is malformed: write s3://bucket/folder/name.pdf, percent-encoded.',
    );
  }
  return { bucket, key };
}

export function uriOf({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** Empty when it cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
