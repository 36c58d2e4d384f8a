/** What S3 answers when something is amiss, as its API reference has it, and no answer at all. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DocumentStore } from '../../src/documents/documents.js';
import { openS3 } from '../../src/documents/s3-objects.js';
import { createDocumentSource } from '../../src/documents/source.js';
import { openDocumentStore } from '../../src/documents/store.js';
import { aPdf, sha256Of } from './documents.js';

const NOTHING = { AWS_REGION: 'eu-central-1', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
const ENV = { ...NOTHING, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_EC2_METADATA_DISABLED: 'true' };
const STORE = { kind: 's3', bucket: 'contracts', prefix: 'signed' } as const;

let server: Server;
let endpoint: string;
let answer: RequestListener;
let met: string[];
let seen: Record<string, string | string[] | undefined>[];

beforeAll(async () => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(ENV)) vi.stubEnv(name, value);
  server = createServer((request, response) => {
    met.push(`${request.method} ${request.url?.split('?')[0]}`);
    seen.push(request.headers);
    request.resume().on('end', () => answer(request, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});
beforeEach(() => {
  met = [];
  seen = [];
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const errorOf = (code: string, status: number): RequestListener => {
  const text = `<Error><Code>${code}</Code><Message>arn:aws:s3:::contracts/Jane-Doe.pdf</Message></Error>`;
  return (_request, response) => response.writeHead(status, { 'content-type': 'application/xml' }).end(text);
};
const inTurn = (...answers: RequestListener[]): void => {
  answer = (request, response) => (answers.shift() ?? errorOf('InternalError', 500))(request, response);
};
const ok: RequestListener = (_request, response) => response.end();
const noSuchKey = errorOf('NoSuchKey', 404);
const taken = errorOf('PreconditionFailed', 412);

async function fetching(callMs = 10_000): Promise<unknown> {
  const source = createDocumentSource({ root: '.', maxBytes: 1_000, s3: { endpoint, callMs } });
  return source.fetch('s3://contracts/Jane-Doe.pdf').finally(() => source.close());
}

async function filing(): Promise<unknown> {
  const store = await openDocumentStore(STORE, { endpoint });
  const bytes = await aPdf();
  return store.put('deal-1/env_1.pdf', bytes, sha256Of(bytes));
}

async function thrownBy(work: Promise<unknown>): Promise<Error> {
  const thrown: unknown = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  );
  if (thrown instanceof Error) return thrown;
  throw new Error('it was not refused');
}

describe('a draft in S3', () => {
  it.each([
    ['NoSuchKey', 404, 'missing', 'no such object in the bucket contracts'],
    ['NoSuchBucket', 404, 'missing', 'no bucket contracts'],
    ['AccessDenied', 403, 'missing', 's3:GetObject on its objects and s3:ListBucket'],
    ['InvalidAccessKeyId', 403, 'missing', 'AWS_ACCESS_KEY_ID'],
    ['SignatureDoesNotMatch', 403, 'missing', 'AWS_SECRET_ACCESS_KEY'],
    ['AuthorizationHeaderMalformed', 400, 'missing', 'set AWS_REGION'],
    ['InvalidObjectState', 403, 'missing', 'restore it first'],
    ['InvalidRequest', 400, 'missing', 'InvalidRequest'],
    ['RequestTimeTooSkewed', 403, 'unavailable', 'clock'],
    ['SlowDown', 503, 'unavailable', 'SlowDown'],
    ['InternalError', 500, 'unavailable', 'InternalError'],
    ['TooManyRequests', 429, 'unavailable', 'TooManyRequests'],
  ])('is, after %s (%i), %s', async (code, status, kind, words) => {
    answer = errorOf(code, status);
    const error = await thrownBy(fetching());
    expect(error).toMatchObject({ name: 'DocumentError', kind, cause: undefined });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('Jane');
  });

  it('may come later when a proxy before it answers without a word of S3', async () => {
    answer = (_request, response) => response.writeHead(502).end('<html>bad gateway');
    await expect(fetching()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('comes at the second try when the first was one too many', async () => {
    const pdf = await aPdf(1);
    inTurn(errorOf('SlowDown', 503), (_request, response) => response.end(pdf.subarray(0, 900)));
    await expect(fetching()).rejects.toThrow('cut off');
    expect(met).toEqual(['GET /contracts/Jane-Doe.pdf', 'GET /contracts/Jane-Doe.pdf']);
  });

  it('may come later when S3 is silent, drips for too long, or breaks off within it', async () => {
    answer = () => undefined;
    await expect(fetching(200)).rejects.toMatchObject({ kind: 'unavailable' });
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '900' });
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    };
    await expect(fetching(300)).rejects.toMatchObject({ kind: 'unavailable' });
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '900' });
      response.write('%PDF-', () => response.destroy());
    };
    await expect(fetching()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is refused by its announced size before a byte of it is read, and while it streams past what it may have', async () => {
    let ended: Promise<unknown> | undefined;
    const pour: RequestListener = (_request, response) => {
      ended = once(response, 'close');
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    };
    answer = pour;
    await expect(fetching()).rejects.toThrow('larger than 1000 bytes');
    await ended;
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '1001' }).flushHeaders();
      ended = once(response, 'close');
    };
    await expect(fetching()).rejects.toThrow('larger than 1000 bytes');
    await ended;
  });

  it('may come later when nobody listens', async () => {
    const source = createDocumentSource({ root: '.', s3: { endpoint: 'http://127.0.0.1:1' } });
    await expect(source.fetch('s3://contracts/x.pdf')).rejects.toMatchObject({ kind: 'unavailable' });
    await source.close();
  });

  it('needs credentials, and says which', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    try {
      const error = await thrownBy(fetching());
      expect(error).toMatchObject({ kind: 'unavailable' });
      expect(error.message).toContain('No AWS credentials were found: set AWS_ACCESS_KEY_ID');
      expect(met).toEqual([]);
    } finally {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    }
  });

  it('goes through HTTPS_PROXY', async () => {
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(String(request.url));
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const address = proxy.address();
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    const source = createDocumentSource({ root: '.', s3: { endpoint: 'https://s3.test' } });
    try {
      await expect(source.fetch('s3://contracts/x.pdf')).rejects.toMatchObject({ kind: 'unavailable' });
      expect(new Set(asked)).toEqual(new Set(['s3.test:443']));
    } finally {
      vi.stubEnv('HTTPS_PROXY', undefined);
      await source.close();
      await new Promise((closed) => proxy.close(closed));
    }
  });
});

describe('the package for S3', () => {
  it('is asked for by name when it is not installed', async () => {
    const load = () => Promise.reject(Object.assign(new Error('no such module'), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(openS3({ endpoint }, load)).rejects.toMatchObject({
      name: 'DocumentError',
      kind: 'missing',
      message: expect.stringContaining('npm install @aws-sdk/client-s3') as unknown,
    });
  });

  it('wants a region for AWS itself, and none for another service', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    try {
      await expect(openS3({ endpoint: null })).rejects.toThrow('set AWS_REGION');
      answer = noSuchKey;
      const objects = await openS3({ endpoint });
      expect(await objects.read({ bucket: 'contracts', key: 'x' })).toBeUndefined();
      expect(seen[0]?.authorization).toContain('/us-east-1/s3/');
    } finally {
      vi.stubEnv('AWS_REGION', NOTHING.AWS_REGION);
    }
  });

  it('signs for the region that AWS_REGION names', async () => {
    answer = noSuchKey;
    await (await openS3({ endpoint })).read({ bucket: 'contracts', key: 'x' });
    expect(seen[0]?.authorization).toContain('/eu-central-1/s3/');
  });
});

describe('a signed PDF for S3', () => {
  it('is written only where nothing is, with its checksum', async () => {
    answer = ok;
    const bytes = await aPdf();
    const store = await openDocumentStore(STORE, { endpoint });
    await store.put('deal-1/env_1.pdf', bytes, sha256Of(bytes));
    expect(met).toEqual(['PUT /contracts/signed/deal-1/env_1.pdf']);
    expect(seen[0]).toMatchObject({
      'if-none-match': '*',
      'content-type': 'application/pdf',
      'x-amz-checksum-sha256': Buffer.from(sha256Of(bytes), 'hex').toString('base64'),
      'x-amz-sdk-checksum-algorithm': 'SHA256',
      'content-length': String(bytes.length),
    });
    expect(seen[0]).not.toHaveProperty('x-amz-checksum-crc32');
  });

  it('is filed when the answer to the first write was lost', async () => {
    const bytes = await aPdf();
    inTurn(errorOf('InternalError', 500), taken, (_request, response) => response.end(bytes));
    await expect(filing()).resolves.toEqual({ uri: 's3://contracts/signed/deal-1/env_1.pdf' });
    expect(met.map((call) => call.split(' ')[0])).toEqual(['PUT', 'PUT', 'GET']);
  });

  it('is tried again later when the taken key is empty by the time it is read', async () => {
    inTurn(taken, noSuchKey);
    await expect(filing()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['ConditionalRequestConflict', 409, 'unavailable', 'writing the same key'],
    ['NotImplemented', 501, 'refused', 'no conditional writes (If-None-Match)'],
    ['AccessDenied', 403, 'missing', 's3:PutObject'],
    ['NoSuchBucket', 404, 'missing', 'no bucket contracts'],
    ['SlowDown', 503, 'unavailable', 'SlowDown'],
  ])('is, after %s (%i), %s', async (code, status, kind, words) => {
    answer = errorOf(code, status);
    const error = await thrownBy(filing());
    expect(error).toMatchObject({ name: 'DocumentError', kind });
    expect(error.message).toContain(words);
  });
});

describe('the check of a bucket', () => {
  let store: DocumentStore;
  beforeEach(async () => {
    store = await openDocumentStore(STORE, { endpoint });
  });
  const probe: RequestListener = (_request, response) => response.end('probe');
  const calls = () => met.map((call) => call.replace('/contracts/signed/', ''));

  it('writes a probe, sees that it cannot be overwritten, reads it and what is not there', async () => {
    inTurn(ok, taken, probe, noSuchKey);
    await store.check();
    expect(calls()).toEqual([
      'PUT .countersign-probe',
      'PUT .countersign-probe',
      'GET .countersign-probe',
      'GET .countersign-absent',
    ]);
  });

  it('finds the probe of an earlier check, or of another worker at the same moment', async () => {
    inTurn(taken, probe, noSuchKey);
    await store.check();
    inTurn(errorOf('ConditionalRequestConflict', 409), probe, noSuchKey);
    await store.check();
    expect(calls().filter((call) => call.startsWith('PUT'))).toHaveLength(2);
  });

  it('refuses a service that overwrites in spite of If-None-Match', async () => {
    answer = ok;
    await expect(store.check()).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('no conditional writes') as unknown,
    });
  });

  it.each([
    ['to write', 's3:PutObject', [errorOf('AccessDenied', 403)]],
    ['to read', 's3:GetObject', [taken, errorOf('AccessDenied', 403)]],
    ['to see that something is not there', 's3:ListBucket', [taken, probe, errorOf('AccessDenied', 403)]],
  ])('names the permission %s when it is missing: %s', async (_what, permission, answers) => {
    inTurn(...answers);
    const error = await thrownBy(store.check());
    expect(error.message).toContain(permission);
    expect(error.message.match(/s3:\w+/g)).toEqual([permission]);
  });
});
