import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DocumentStore } from '../../src/documents/documents.js';
import { createDocumentSource } from '../../src/documents/source.js';
import { openDocumentStore } from '../../src/documents/store.js';
import { aBucket, anS3, s3AtHand, type ThrowAwayS3 } from '../support/s3.js';
import { aDocx, aPdf, sha256Of } from './documents.js';
import { keepsTheStoreContract } from './store-contract.js';

const absent = await s3AtHand();
if (absent !== undefined) console.warn(`SKIPPED: no S3 to test with: ${absent}`);

describe.skipIf(absent !== undefined)('with a real S3-compatible service (skipped without one)', () => {
  let s3: ThrowAwayS3;
  let bucket: string;
  let count = 0;

  beforeAll(async () => {
    s3 = await anS3();
    for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
  }, 60_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await s3.stop();
  });
  beforeEach(async () => {
    bucket = `contracts-${(count += 1)}`;
    await aBucket(s3, bucket);
  });

  const aStore = (prefix = 'signed/2026', of = bucket) =>
    openDocumentStore({ kind: 's3', bucket: of, prefix }, { endpoint: s3.endpoint });
  const file = (store: DocumentStore, key: string, bytes: Uint8Array) => store.put(key, bytes, sha256Of(bytes));
  // moto shows private objects to whoever names a credential.
  const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request';
  const inBucket = (key: string, { headers, ...init }: RequestInit = {}) =>
    fetch(`${s3.endpoint}/${bucket}/${key}`, { ...init, headers: { authorization, ...headers } });

  describe('the document store in a bucket', () => {
    let store: DocumentStore;
    beforeEach(async () => {
      store = await aStore();
    });

    keepsTheStoreContract(() => store);

    it('files a PDF where its key says, as a PDF and with its checksum', async () => {
      const bytes = await aPdf();
      const { uri } = await file(store, 'deal-1/env_1.pdf', bytes);
      expect(uri).toBe(`s3://${bucket}/signed/2026/deal-1/env_1.pdf`);
      const object = await inBucket('signed/2026/deal-1/env_1.pdf', {
        method: 'HEAD',
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      expect(object.headers.get('content-type')).toBe('application/pdf');
      expect(object.headers.get('x-amz-checksum-sha256')).toBe(Buffer.from(sha256Of(bytes), 'hex').toString('base64'));
    });

    it('files at the top of a bucket when no prefix is given', async () => {
      const top = await aStore('');
      const { uri } = await file(top, 'deal-1/env_1.pdf', await aPdf());
      expect(uri).toBe(`s3://${bucket}/deal-1/env_1.pdf`);
      expect(await top.get(uri)).toBeDefined();
    });

    it('compares what somebody else has put there, who told no checksum', async () => {
      const bytes = await aPdf();
      await inBucket('signed/2026/deal-1/env_1.pdf', { method: 'PUT', body: bytes });
      await expect(file(store, 'deal-1/env_1.pdf', bytes)).resolves.toMatchObject({
        uri: expect.anything() as unknown,
      });
      await expect(file(store, 'deal-1/env_1.pdf', await aPdf(3))).rejects.toMatchObject({ kind: 'refused' });
    });

    it('gives nothing from another prefix or another bucket, though its credentials could read it', async () => {
      const [beside, elsewhere] = await Promise.all([aStore('signed/2026-drafts'), aStore('')]);
      for (const other of [beside, elsewhere]) {
        const { uri } = await file(other, 'deal-1/env_1.pdf', await aPdf());
        await expect(store.get(uri)).rejects.toMatchObject({ kind: 'missing' });
      }
      await expect(store.get(`s3://${bucket}/signed/2026/`)).rejects.toMatchObject({ kind: 'missing' });
    });

    it('says at its check that its bucket is not there', async () => {
      const nowhere = await aStore('', 'no-such-bucket');
      await expect(nowhere.check()).rejects.toThrow('There is no bucket no-such-bucket');
    });
  });

  describe('a draft in a bucket', () => {
    const draft = async (bytes: Uint8Array, key = 'drafts/order.pdf') => {
      await inBucket(key, { method: 'PUT', body: bytes });
      return `s3://${bucket}/${key}`;
    };
    const fetching = async (uri: string, maxBytes = 1_000_000) => {
      const source = createDocumentSource({ root: '.', maxBytes, s3: { endpoint: s3.endpoint } });
      return source.fetch(uri).finally(() => source.close());
    };

    it('is fetched, recognised and hashed', async () => {
      const pdf = await aPdf();
      const fetched = await fetching(await draft(pdf));
      expect(fetched).toMatchObject({ kind: 'pdf', sha256: sha256Of(pdf) });
      expect(Buffer.from(fetched.bytes).equals(pdf)).toBe(true);
      expect(await fetching(await draft(await aDocx(), 'drafts/order'))).toMatchObject({ kind: 'docx' });
    });

    it.each(['drafts/J%C3%BCrgen%20%26%20Co/order%2B1.pdf', 'a%3Fb%23c.pdf', 'a%25b.pdf', "it's%20(1)!*.pdf"])(
      'is found by its percent-encoded key %s',
      async (key) => {
        expect(await fetching(await draft(await aPdf(), key))).toMatchObject({ kind: 'pdf' });
      },
    );

    it('is missing when its bucket has no such object, or is not there', async () => {
      await expect(fetching(`s3://${bucket}/Jane-Doe.pdf`)).rejects.toMatchObject({
        kind: 'missing',
        message: `There is no such object in the bucket ${bucket}.`,
      });
      await expect(fetching('s3://no-such-bucket/order.pdf')).rejects.toMatchObject({
        kind: 'missing',
        message: expect.stringContaining('There is no bucket no-such-bucket') as unknown,
      });
    });

    it('is refused when it is too large, empty, or no document', async () => {
      await expect(fetching(await draft(await aPdf()), 100)).rejects.toMatchObject({
        kind: 'refused',
        message: 'The document is larger than 100 bytes.',
      });
      await expect(fetching(await draft(Buffer.alloc(0), 'drafts/empty.pdf'))).rejects.toMatchObject({
        kind: 'refused',
      });
      await expect(fetching(await draft(Buffer.from('hello')))).rejects.toThrow('neither a PDF nor a DOCX');
    });

    it.each(['s3:', 's3:///key', 's3://bucket', 's3://bucket/', 's3://b/x', 's3://UPPER/x', 's3://a..b/x'])(
      'has no malformed uri like %s',
      async (uri) => {
        await expect(fetching(uri)).rejects.toMatchObject({ kind: 'missing' });
        await expect(fetching(uri)).rejects.toThrow('malformed');
      },
    );

    it('has no uri that leads to another host, holds a query or cannot be decoded', async () => {
      for (const uri of ['s3://evil.test:80/x', 's3://user@bucket/x', `s3://${bucket}/x?versionId=1`, 's3://bkt/%zz']) {
        await expect(fetching(uri)).rejects.toThrow('malformed');
      }
    });
  });
});
