/** Files signed PDFs in a bucket. An object appears whole under its key or not at all, and is never replaced. */
import { DocumentError, type DocumentStore } from './documents.js';
import { sha256Of } from './recognise.js';
import { withoutConditions } from './s3-failures.js';
import { openS3, type S3Objects, type S3Settings } from './s3-objects.js';
import { placeOf, uriOf, type S3Place } from './s3-uri.js';
import { namesOfKey } from './store-keys.js';

/** Hidden names are no keys of the store, so these meet no document. */
const PROBE = '.countersign-probe';
const NEVER_WRITTEN = '.countersign-absent';

/** Throws `DocumentError` when the SDK is not installed or AWS's region is not known. */
export async function createS3Store(
  { bucket, prefix }: { bucket: string; prefix: string },
  settings: S3Settings,
): Promise<DocumentStore> {
  const objects = await openS3(settings);
  const below = prefix === '' ? '' : `${prefix}/`;
  const placed = (name: string): S3Place => ({ bucket, key: below + name });
  const placeOfKey = (key: string) => placed(namesOfKey(key).join('/'));

  return {
    async put(key, bytes, sha256) {
      if (sha256Of(bytes) !== sha256)
        throw new DocumentError('refused', 'The bytes to file do not match their sha256.');
      const place = placeOfKey(key);
      const made = await objects.create(place, { bytes, sha256, contentType: 'application/pdf' });
      if (made === 'contended')
        throw new DocumentError('unavailable', `Somebody else is writing the same key in the bucket ${bucket}.`);
      if (made === 'taken') await sameAs(objects, place, sha256);
      return { uri: uriOf(place) };
    },

    async find(key) {
      const place = placeOfKey(key);
      const bytes = await objects.read(place);
      return bytes && { uri: uriOf(place), bytes };
    },

    async get(uri) {
      const place = placeOf(uri);
      if (place.bucket !== bucket || !place.key.startsWith(below) || place.key === below) {
        throw new DocumentError('missing', 'The uri does not lead into DOCUMENT_STORE.');
      }
      const bytes = await objects.read(place);
      if (!bytes) throw new DocumentError('missing', 'There is no such object in DOCUMENT_STORE.');
      return bytes;
    },

    check: () => checked(objects, placed),
  };
}

async function sameAs(objects: S3Objects, place: S3Place, sha256: string): Promise<void> {
  const there = await objects.read(place);
  if (!there) throw new DocumentError('unavailable', 'What was filed under this key has just been deleted.');
  if (sha256Of(there) !== sha256)
    throw new DocumentError('refused', 'Another document is already filed under this key.');
}

/**
 * The probe stays, so that no right to delete is needed in a bucket of contracts; a second write shows that the first cannot be undone. Without
 * `s3:ListBucket` a missing object answers as a forbidden one (Amazon S3 API reference, GetObject), and nothing could be looked up.
 */
async function checked(objects: S3Objects, placed: (name: string) => S3Place): Promise<void> {
  const [probe, absent] = [placed(PROBE), placed(NEVER_WRITTEN)];
  const bytes = Buffer.from('Countersign may write here.\n');
  const object = { bytes, sha256: sha256Of(bytes), contentType: 'text/plain' };
  // Another worker may be at it at this moment, or have been.
  const first = await objects.create(probe, object);
  if (first === 'created' && (await objects.create(probe, object)) === 'created') throw withoutConditions(probe.bucket);
  await objects.read(probe, { rights: 's3:GetObject on its objects (and kms:Decrypt on the key that encrypts it)' });
  await objects.read(absent, { rights: 's3:ListBucket on the bucket' });
}
