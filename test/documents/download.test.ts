import { once } from 'node:events';
import type { lookup as systemLookup } from 'node:dns';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDownloader, type Downloader, type DownloadSettings } from '../../src/documents/download.js';
import { isPrivateAddress, isPrivateHost } from '../../src/documents/private-addresses.js';
import { createDocumentSource } from '../../src/documents/source.js';
import { aPdf } from './documents.js';

/** In these tests 127.0.0.1 stands for the public internet and 127.0.0.2 for the inside of the network. */
const INSIDE = '127.0.0.2';

describe('a draft on the web', () => {
  let server: Server;
  let port: number;
  let answer: RequestListener;
  let met: string[];
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    server = createServer((request, response) => {
      met.push(`${request.headers.host?.split(':')[0]}${request.url}`);
      answer(request, response);
    }).listen(0, '0.0.0.0');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  afterEach(() => Promise.all(open.splice(0).map((opened) => opened.close())));
  afterAll(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  /** Fetches as from the public internet, names resolved by `names`. */
  function aDownloader(settings: Partial<DownloadSettings> = {}, names: Record<string, string[]> = {}): Downloader {
    met = [];
    const downloader = createDownloader({
      allowPrivateHosts: false,
      allowHttp: true,
      maxBytes: 1_000_000,
      barred: (address) => address === INSIDE,
      lookup: resolving(names),
      ...settings,
    });
    open.push(downloader);
    return downloader;
  }

  const at = (path = '/x.pdf', host = '127.0.0.1') => `http://${host}:${port}${path}`;
  const serves = (bytes: Uint8Array) => {
    answer = (_request, response) => response.end(bytes);
  };
  const redirects = (...to: string[]) => {
    answer = (_request, response) => {
      const location = to.shift();
      if (location === undefined) response.end('%PDF-');
      else response.writeHead(302, { location }).end();
    };
  };

  it('is fetched, recognised and hashed', async () => {
    const bytes = await aPdf();
    serves(bytes);
    met = [];
    const source = createDocumentSource({ root: '.', allowPrivateHosts: true });
    open.push(source);
    expect(await source.fetch(at())).toMatchObject({ kind: 'pdf', bytes });
  });

  it('is refused as a page when its host shows a login page or an error page in its place', async () => {
    const source = createDocumentSource({ root: '.', allowPrivateHosts: true });
    open.push(source);
    met = [];
    for (const [type, page] of [
      ['text/html; charset=utf-8', '<!-- share --><form action="/login">'],
      ['Text/HTML', 'moved'],
      ['application/octet-stream', '\uFEFF\n<!DOCTYPE html><title>Sign in</title>'],
      ['application/pdf', '<html lang="en">'],
    ] as const) {
      answer = (_request, response) => response.writeHead(200, { 'content-type': type }).end(page);
      await expect(source.fetch(at())).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('an HTML page') as unknown,
      });
    }
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    await expect(source.fetch(at())).rejects.toThrow('neither a PDF nor a DOCX');
  });

  it('is taken for what its bytes say, whatever its host calls it', async () => {
    const bytes = await aPdf();
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(bytes);
    const source = createDocumentSource({ root: '.', allowPrivateHosts: true });
    open.push(source);
    met = [];
    expect(await source.fetch(at())).toMatchObject({ kind: 'pdf', bytes });
  });

  it('is fetched by name', async () => {
    serves(Buffer.from('%PDF-'));
    const { bytes } = await aDownloader({}, { 'files.test': ['127.0.0.1'] }).download(at('/x.pdf', 'files.test'));
    expect(String(bytes)).toBe('%PDF-');
  });

  describe('on the inside of the network', () => {
    const isKeptOut = async (downloader: Downloader, uri: string) => {
      serves(Buffer.from('%PDF-'));
      const fetched = downloader.download(uri);
      await expect(fetched).rejects.toMatchObject({ name: 'DocumentError', kind: 'missing' });
      await expect(fetched).rejects.toThrow('not on the public internet');
      expect(met).toEqual([]);
    };

    it('is not fetched from loopback by default, by address or by name', async () => {
      for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0', 'localhost']) {
        await isKeptOut(aDownloader({ barred: isPrivateAddress }), at('/', host));
      }
    });

    it('is not fetched by a public-looking name that resolves inside', async () => {
      const names = { 'files.test': ['127.0.0.1'] };
      await isKeptOut(aDownloader({ barred: isPrivateAddress }, names), at('/', 'files.test'));
    });

    it('is not fetched when only one of the addresses of a name lies inside', async () => {
      await isKeptOut(aDownloader({}, { 'files.test': ['127.0.0.1', INSIDE] }), at('/', 'files.test'));
    });

    it('is not fetched when the name resolves anew between two connections', async () => {
      const names = { 'files.test': ['127.0.0.1'] };
      const downloader = aDownloader({}, names);
      answer = (_request, response) => response.writeHead(200, { connection: 'close' }).end('%PDF-');
      await downloader.download(at('/', 'files.test'));
      names['files.test'] = [INSIDE];
      met = [];
      await isKeptOut(downloader, at('/', 'files.test'));
    });

    it.each(['address', 'name'])('is not fetched through a redirect to its %s', async (kind) => {
      const names = { 'files.test': ['127.0.0.1'], 'inside.test': [INSIDE] };
      redirects(at('/secret', kind === 'name' ? 'inside.test' : INSIDE));
      const fetched = aDownloader({}, names).download(at('/start', 'files.test'));
      await expect(fetched).rejects.toMatchObject({ kind: 'missing' });
      await expect(fetched).rejects.toThrow('not on the public internet');
      expect(met).toEqual(['files.test/start']);
    });

    it('is fetched when private hosts are allowed', async () => {
      serves(Buffer.from('%PDF-'));
      met = [];
      const downloader = createDownloader({ allowPrivateHosts: true, maxBytes: 100 });
      open.push(downloader);
      expect(String((await downloader.download(at('/', 'localhost'))).bytes)).toBe('%PDF-');
    });
  });

  it('is fetched over three redirects, relative ones too, and not over four', async () => {
    redirects('/a', at('/b'), 'c');
    expect(String((await aDownloader().download(at('/start'))).bytes)).toBe('%PDF-');
    expect(met).toEqual(['/start', '/a', '/b', '/c'].map((path) => `127.0.0.1${path}`));
    redirects('/a', '/b', '/c', '/d');
    await expect(aDownloader().download(at('/start'))).rejects.toMatchObject({ kind: 'missing' });
    expect(met).toHaveLength(4);
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://user:pw@127.0.0.1/', 'http://', '//'])(
    'does not follow a redirect to %s',
    async (location) => {
      redirects(location);
      await expect(aDownloader().download(at('/start'))).rejects.toMatchObject({ kind: 'missing' });
      expect(met).toEqual(['127.0.0.1/start']);
    },
  );

  it('is refused by its announced size before a byte of it is read', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000001' });
      response.flushHeaders();
    };
    await expect(aDownloader().download(at())).rejects.toMatchObject({ kind: 'refused' });
  });

  it('is refused while it streams past the size it may have', async () => {
    let ended: Promise<unknown> | undefined;
    answer = (_request, response) => {
      ended = once(response, 'close');
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', pour);
      pour();
    };
    const fetched = aDownloader().download(at());
    await expect(fetched).rejects.toMatchObject({ kind: 'refused' });
    await expect(fetched).rejects.toThrow('larger than 1000000 bytes');
    await ended;
  });

  it('may come later when the host is silent before it answers', async () => {
    answer = () => undefined;
    await expect(aDownloader({ silenceMs: 100 }).download(at())).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('may come later when the host falls silent within it', async () => {
    answer = (_request, response) => void response.write('%PDF-');
    await expect(aDownloader({ silenceMs: 100 }).download(at())).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('may come later when it drips for longer than a download may take', async () => {
    answer = (_request, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    };
    await expect(aDownloader({ totalMs: 300 }).download(at())).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('may come later when the connection breaks within it', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('%PDF-', () => response.destroy());
    };
    await expect(aDownloader().download(at())).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    [404, 'missing'],
    [410, 'missing'],
    [403, 'missing'],
    [204, 'missing'],
    [304, 'missing'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('is, after a %i, %s', async (status, kind) => {
    answer = (_request, response) => response.writeHead(status).end();
    await expect(aDownloader().download(at())).rejects.toMatchObject({ kind });
  });

  it('is missing when there is no such host', async () => {
    await expect(aDownloader().download(at('/', 'none.test'))).rejects.toThrow('There is no host none.test');
  });

  it('is not named in an error beyond its host, as a link may be what opens it', async () => {
    answer = (_request, response) => response.writeHead(403).end();
    const error = await aDownloader()
      .download(at('/Jane-Doe.pdf?X-Signature=abc'))
      .catch((thrown: unknown) => thrown);
    expect(String(error)).not.toMatch(/Jane|abc/);
  });
});

describe('a link for the provider', () => {
  const source = createDocumentSource({ root: '.' });
  afterAll(() => source.close());

  it('may be public https:', () => {
    expect(() => source.checkLink('https://files.example.com/x.pdf?signature=abc')).not.toThrow();
  });

  it.each([
    'http://files.example.com/x.pdf',
    'file:documents/x.pdf',
    's3://bucket/x.pdf',
    'no uri',
    'https://user:pw@files.example.com/x.pdf',
    'https://localhost/x.pdf',
    'https://localhost./x.pdf',
    'https://fileserver/x.pdf',
    'https://files.internal/x.pdf',
    'https://10.0.0.1/x.pdf',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00::1]/x.pdf',
    'https://[::ffff:10.0.0.1]/x.pdf',
  ])('may not be %s', (uri) => {
    expect(() => source.checkLink(uri)).toThrow(expect.objectContaining({ name: 'DocumentError', kind: 'missing' }));
  });
});

describe('an address', () => {
  it.each([
    '0.0.0.0',
    '10.255.255.255',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
  ])('%s is private', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '1.1.1.1', '2606:4700::1111'])(
    '%s is public',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
      expect(isPrivateHost(address)).toBe(false);
    },
  );
});

function resolving(names: Record<string, string[]>): typeof systemLookup {
  const lookup = (host: string, _options: unknown, callback: (error: Error | null, addresses: unknown) => void) => {
    const addresses = names[host]?.map((address) => ({ address, family: 4 }));
    if (addresses) callback(null, addresses);
    else callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
  };
  return lookup as typeof systemLookup;
}
