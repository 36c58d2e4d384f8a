/** Objects in S3 and in services like it, through the AWS SDK, which is installed only where it is wanted. */
import { Readable } from 'node:stream';
import type * as S3Sdk from '@aws-sdk/client-s3';
import { readCapped } from './capped.js';
import { DocumentError } from './documents.js';
import { factsOf, s3Failure, withoutConditions, type Action } from './s3-failures.js';
import { createS3Transport } from './s3-transport.js';
import type { S3Place } from './s3-uri.js';

/** How S3 is reached; the rest comes from AWS's own environment variables, profiles and roles. */
export interface S3Settings {
  /** Of another S3-compatible service than AWS's own; null for AWS. */
  endpoint: string | null;
  /** For each call, retries included, in milliseconds. */
  callMs?: number;
}

export interface NewObject {
  bytes: Uint8Array;
  sha256: string;
  contentType: string;
}

/** All methods throw `DocumentError`. */
export interface S3Objects {
  /** The object's bytes, or undefined when there is none. `rights`: what to allow when it is forbidden, in words. */
  read(place: S3Place, options?: { maxBytes?: number; rights?: string }): Promise<Uint8Array | undefined>;
  /** Writes an object whole where there is none: what is there stays as it is. `contended`: somebody else is writing the same key. */
  create(place: S3Place, object: NewObject): Promise<'created' | 'taken' | 'contended'>;
  close(): void;
}

/** For services that need no particular region. */
const ANY_REGION = 'us-east-1';
const CALL_MS = 60_000;

type Sdk = typeof S3Sdk;

/** Throws `DocumentError` when the SDK is not installed or AWS's region is not known. Calls nobody yet. */
export async function openS3(
  { endpoint, callMs = CALL_MS }: S3Settings,
  load: () => Promise<Sdk> = () => import('@aws-sdk/client-s3'),
): Promise<S3Objects> {
  const sdk = await loaded(load);
  const client = await clientFor(sdk, endpoint);

  /** One call and the reading of its answer, within one time limit; whatever is left unread is not waited for. */
  async function within<T>(
    [bucket, action, rights]: [bucket: string, action: Action, rights?: string | undefined],
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const done = new AbortController();
    try {
      return await work(AbortSignal.any([done.signal, AbortSignal.timeout(callMs)]));
    } catch (error) {
      throw s3Failure(error, bucket, action, rights);
    } finally {
      done.abort();
    }
  }

  return {
    read: ({ bucket, key }, { maxBytes = Infinity, rights } = {}) =>
      within([bucket, 'read', rights], async (abortSignal) => {
        try {
          const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
          const { Body: body, ContentLength: announced } = await client.send(command, { abortSignal });
          if (!(body instanceof Readable)) throw new DocumentError('unavailable', 'S3 answered without a body.');
          // Its end is told by the loop that reads it.
          body.on('error', () => undefined);
          return await readCapped(body, announced, maxBytes);
        } catch (error) {
          if (factsOf(error).code === 'NoSuchKey') return undefined;
          throw error;
        }
      }),

    create: ({ bucket, key }, { bytes, sha256, contentType }) =>
      within([bucket, 'write'], async (abortSignal): Promise<'created' | 'taken' | 'contended'> => {
        try {
          const command = new sdk.PutObjectCommand({
            ...{ Bucket: bucket, Key: key, Body: bytes, ContentType: contentType },
            // Only a key without an object (Amazon S3 user guide, How to prevent object overwrites with conditional writes).
            IfNoneMatch: '*',
            ChecksumAlgorithm: 'SHA256',
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
          });
          await client.send(command, { abortSignal });
          return 'created';
        } catch (error) {
          const { code, status } = factsOf(error);
          if (status === 412) return 'taken';
          if (code === 'ConditionalRequestConflict') return 'contended';
          if (status === 501) throw withoutConditions(bucket);
          throw error;
        }
      }),

    close: () => client.destroy(),
  };
}

async function loaded(load: () => Promise<Sdk>): Promise<Sdk> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new DocumentError(
      'missing',
      'Documents in S3 need a package that is not installed: npm install @aws-sdk/client-s3, then start this process anew.',
    );
  }
}

async function clientFor(sdk: Sdk, endpoint: string | null): Promise<S3Sdk.S3Client> {
  const settings = {
    requestHandler: createS3Transport(),
    maxAttempts: 2,
    // undici does not wait for a 100; contracts are small.
    expectContinueHeader: false,
    followRegionRedirects: true,
    ...(endpoint !== null && { endpoint, forcePathStyle: true }),
  };
  const client = new sdk.S3Client(settings);
  try {
    await client.config.region();
    return client;
  } catch {
    if (endpoint !== null) return new sdk.S3Client({ ...settings, region: ANY_REGION });
    client.destroy();
    throw new DocumentError('missing', 'The region of S3 is not known: set AWS_REGION, for example eu-central-1.');
  }
}
