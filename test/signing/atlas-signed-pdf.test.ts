import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import {
  aClient,
  API_KEY,
  aServer,
  errorOf,
  json,
  wholeText,
  type Answering,
  type LocalServer,
} from './local-atlas.js';

const PDF = Buffer.from('%PDF-1.7 signed');

function pdf(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/pdf' }).end(PDF);
}

function redirect(response: ServerResponse, location: string | undefined, status = 302): void {
  response.writeHead(status, location === undefined ? {} : { location }).end('moved');
}

/** An Atlas whose envelope says `link()` and whose `/pdf` route answers with `onPdf`. */
async function anAtlas(
  link: () => string | undefined,
  onPdf: Answering = (_asked, response) => pdf(response),
): Promise<LocalServer> {
  return aServer((asked, response) => {
    if (asked.url === '/api/envelope/env-1')
      json(response, 200, { envelope_id: 'env-1', status: 'signed', signed_download_url: link() });
    else onPdf(asked, response);
  });
}

async function aBucket(answer: Answering = (_asked, response) => pdf(response)): Promise<LocalServer> {
  return aServer(answer);
}

function download(server: LocalServer, limits = {}): Promise<Uint8Array> {
  return createAtlasProvider(aClient(server.url, { limits })).downloadSigned('env-1');
}

function authorizations(server: LocalServer): (string | undefined)[] {
  return server.asked.map((asked) => asked.headers.authorization);
}

describe('the signed PDF', () => {
  it('comes from the link in the envelope, which never sees the API key', async () => {
    const bucket = await aBucket();
    const atlas = await anAtlas(() => `${bucket.url}/f.pdf?signature=s`);
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
    expect(authorizations(atlas)).toEqual([`Bearer ${API_KEY}`]);
    expect(bucket.asked.map((asked) => asked.url)).toEqual(['/f.pdf?signature=s']);
    expect(JSON.stringify(bucket.asked[0]?.headers)).not.toContain(API_KEY);
  });

  it.each(['signed_pdf_url', 'download_url'])('comes from a link named %s', async (name) => {
    const bucket = await aBucket();
    const atlas = await aServer((_asked, response) =>
      json(response, 200, { id: 'env-1', [name]: `${bucket.url}/f.pdf` }),
    );
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
  });

  it('comes from the /pdf route as bytes, with the key', async () => {
    const atlas = await anAtlas(() => undefined);
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
    expect(atlas.asked[1]).toMatchObject({
      url: '/api/envelope/env-1/pdf',
      headers: { authorization: `Bearer ${API_KEY}` },
    });
  });

  it.each([301, 302, 303, 307, 308])(
    'comes from the /pdf route by a %i to another host, without the key',
    async (status) => {
      const bucket = await aBucket();
      const atlas = await anAtlas(
        () => undefined,
        (_asked, response) => redirect(response, `${bucket.url}/f.pdf`, status),
      );
      expect(Buffer.from(await download(atlas))).toEqual(PDF);
      expect(authorizations(bucket)).toEqual([undefined]);
    },
  );

  it('comes by a redirect within Atlas with the key, and without it once the way has led elsewhere', async () => {
    const bucket = await aBucket((_asked, response) => redirect(response, `${atlas.url}/back.pdf`));
    const atlas: LocalServer = await anAtlas(
      () => undefined,
      (asked, response) => {
        if (asked.url.endsWith('/pdf')) redirect(response, '/inside');
        else if (asked.url === '/inside') redirect(response, bucket.url);
        else pdf(response);
      },
    );
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
    const key = `Bearer ${API_KEY}`;
    expect(atlas.asked.map((asked) => [asked.url, asked.headers.authorization])).toEqual([
      ['/api/envelope/env-1', key],
      ['/api/envelope/env-1/pdf', key],
      ['/inside', key],
      ['/back.pdf', undefined],
    ]);
  });

  it('comes from the /pdf route as JSON that names a link', async () => {
    const bucket = await aBucket();
    const atlas = await anAtlas(
      () => undefined,
      (_asked, response) => json(response, 200, { data: { url: `${bucket.url}/f.pdf` } }),
    );
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
    expect(authorizations(bucket)).toEqual([undefined]);
  });

  it('is given up after three redirects', async () => {
    let hops = 0;
    const atlas = await anAtlas(
      () => undefined,
      (_asked, response) => redirect(response, `/hop${(hops += 1)}`),
    );
    const error = await errorOf(download(atlas));
    expect(error).toMatchObject({ kind: 'unreadable', envelopeId: 'env-1' });
    expect(error.message).toContain('more than 3 redirects');
    expect(hops).toBe(4);
  });

  it.each([
    ['file:///etc/passwd', 'file:'],
    ['ftp://files.test/a.pdf', 'ftp:'],
    ['data:application/pdf,x', 'data:'],
    ['http://name:secret@files.test/', 'user name'],
    ['http://', 'no web address'],
  ])('is not fetched from %s', async (link, said) => {
    const atlas = await anAtlas(() => link);
    const error = await errorOf(download(atlas));
    expect(error.kind).toBe('unreadable');
    expect(error.message).toContain(said);
    expect(error.message).not.toContain('secret');
  });

  it('is not fetched over http: when Atlas itself is https:', async () => {
    const { MockAgent } = await import('undici');
    const agent = new MockAgent();
    agent.disableNetConnect();
    const pool = agent.get('https://atlas.test');
    pool
      .intercept({ path: '/api/envelope/env-1' })
      .reply(200, { id: 'env-1', signed_download_url: 'http://files.test/a.pdf' });
    const error = await errorOf(aClient('https://atlas.test', { dispatcher: agent }).downloadSignedPdf('env-1'));
    expect(error.message).toContain('the download link is http: and not https:');
    await agent.close();
  });

  it('is not to be had by a redirect to nowhere', async () => {
    const atlas = await anAtlas(
      () => undefined,
      (_asked, response) => redirect(response, undefined),
    );
    expect((await errorOf(download(atlas))).message).toContain('location: missing');
  });
});

describe('a download link', () => {
  it.each([403, 404, 410])('that has expired (%i) is asked for anew, once', async (status) => {
    const bucket = await aBucket((asked, response) =>
      asked.url === '/new' ? pdf(response) : response.writeHead(status).end(),
    );
    const links = [`${bucket.url}/old`, `${bucket.url}/new`];
    const atlas = await anAtlas(() => links.shift());
    expect(Buffer.from(await download(atlas))).toEqual(PDF);
    expect(atlas.asked).toHaveLength(2);
  });

  it('that stays dead is unavailable for now, and does not read as an unknown envelope', async () => {
    const bucket = await aBucket((_asked, response) => response.writeHead(404).end('<Key>ann@example.com</Key>'));
    const atlas = await anAtlas(() => `${bucket.url}/dead?signature=s3cret`);
    const error = await errorOf(download(atlas));
    expect(error).toMatchObject({ kind: 'unavailable', status: 404, envelopeId: 'env-1' });
    expect(wholeText(error)).not.toMatch(/s3cret|ann@/);
    expect(bucket.asked).toHaveLength(2);
  });

  it('that fails otherwise is left to a later try', async () => {
    const bucket = await aBucket((_asked, response) => response.writeHead(503, { 'retry-after': '3' }).end());
    const atlas = await anAtlas(() => `${bucket.url}/f`);
    expect(await errorOf(download(atlas))).toMatchObject({ kind: 'unavailable', status: 503, retryAfterMs: 3_000 });
    expect(bucket.asked).toHaveLength(1);
  });
});

describe('Atlas’s own refusal of the PDF', () => {
  it.each([
    [404, 'not-found'],
    [409, 'conflict'],
    [401, 'unauthorized'],
  ])('of %i is told as it is and not tried twice', async (status, kind) => {
    const atlas = await anAtlas(
      () => undefined,
      (_asked, response) => json(response, status, { code: 'not_signed' }),
    );
    expect(await errorOf(download(atlas))).toMatchObject({ kind, status, code: 'not_signed' });
    expect(atlas.asked).toHaveLength(2);
  });
});

describe('a PDF beyond the cap', () => {
  it('is refused by its announced length before a byte is read', async () => {
    const bucket = await aBucket((_asked, response) =>
      response.writeHead(200, { 'content-length': '2000' }).write('%PDF'),
    );
    const atlas = await anAtlas(() => `${bucket.url}/f.pdf`);
    const error = await errorOf(download(atlas, { downloadBytes: 1_000 }));
    expect(error).toMatchObject({ kind: 'too-large', envelopeId: 'env-1' });
    expect(error.message).toContain('larger than 1000 bytes');
  });

  it('is refused while it streams when no length was announced', async () => {
    const bucket = await aBucket((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/pdf' });
      const drip = setInterval(() => response.write(Buffer.alloc(400)), 5);
      response.on('close', () => clearInterval(drip));
    });
    const atlas = await anAtlas(() => `${bucket.url}/f.pdf`);
    expect(await errorOf(download(atlas, { downloadBytes: 1_000 }))).toMatchObject({ kind: 'too-large' });
  });

  it('is taken at exactly the cap', async () => {
    const atlas = await anAtlas(() => undefined);
    expect(await download(atlas, { downloadBytes: PDF.length })).toHaveLength(PDF.length);
  });
});
