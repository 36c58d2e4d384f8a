/** Reads `s3:` documents, with AWS's own credentials; the SDK is loaded with the first one. */
import { DocumentError } from './documents.js';
import { openS3, type S3Objects, type S3Settings } from './s3-objects.js';
import { placeOf } from './s3-uri.js';

export interface S3Source {
  /** The bytes at `s3://bucket/key`. Throws `DocumentError`. */
  read(uri: string, maxBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export function createS3Source(settings: S3Settings): S3Source {
  let opened: Promise<S3Objects> | undefined;

  async function objects(): Promise<S3Objects> {
    opened ??= openS3(settings);
    try {
      return await opened;
    } catch (error) {
      // What was missing may be there at the next try.
      opened = undefined;
      throw error;
    }
  }

  return {
    async read(uri, maxBytes) {
      const place = placeOf(uri);
      const bytes = await (await objects()).read(place, { maxBytes });
      if (!bytes) throw new DocumentError('missing', `There is no such object in the bucket ${place.bucket}.`);
      return bytes;
    },

    async close() {
      (await opened)?.close();
    },
  };
}
