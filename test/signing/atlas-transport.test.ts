import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../src/signing/atlas/options.js';
import { aClient, API_KEY, aServer, errorOf, json, wholeText } from './local-atlas.js';

afterEach(() => vi.unstubAllEnvs());

describe('time limits', () => {
  it('are all below 30 s for silences and small calls', () => {
    const { connectMs, headersMs, bodyMs, callMs } = DEFAULT_TIMEOUTS;
    expect(Math.max(connectMs, headersMs, bodyMs, callMs)).toBeLessThan(30_000);
  });

  it('end a call whose headers do not come', async () => {
    const server = await aServer(() => undefined);
    const error = await errorOf(aClient(server.url, { timeouts: { headersMs: 150 } }).envelopes.get('env-1'));
    expect(error).toMatchObject({ kind: 'unreachable', envelopeId: 'env-1', status: undefined });
    expect(error.message).toContain('UND_ERR_HEADERS_TIMEOUT');
  });

  it('end a call whose body stops half way', async () => {
    const server = await aServer((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id": "e');
    });
    const error = await errorOf(aClient(server.url, { timeouts: { bodyMs: 150 } }).envelopes.get('env-1'));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('UND_ERR_BODY_TIMEOUT');
  });

  it('end a call whose body drips forever, although it is never silent', async () => {
    const server = await aServer((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const started = performance.now();
    const client = aClient(server.url, { timeouts: { bodyMs: 1_000, callMs: 300 } });
    const error = await errorOf(client.envelopes.get('env-1'));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('time limit of the whole call');
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('let an upload take longer than a small call', async () => {
    const server = await aServer((asked, response) => {
      setTimeout(() => json(response, 200, { id: 'env-1' }), asked.method === 'POST' ? 400 : 0);
    });
    const client = aClient(server.url, { timeouts: { callMs: 150, transferMs: 5_000 } });
    const request = {
      parties: [],
      webhookUrl: 'http://localhost/',
      metadata: { external_id: 'x', client_reference_id: 'y' },
    };
    const pdf = { name: 'a.pdf', contentType: 'application/pdf', bytes: new Uint8Array(10) } as const;
    expect(await client.envelopes.createFromFile(pdf, request, 'k')).toMatchObject({ envelopeId: 'env-1' });
    expect(await errorOf(client.envelopes.remind('env-1'))).toMatchObject({ kind: 'unreachable' });
  });
});

describe('an Atlas that is not there', () => {
  it('is unreachable, with the system’s code', async () => {
    const error = await errorOf(aClient('http://127.0.0.1:1').envelopes.get('env-1'));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toMatch(/\((ECONNREFUSED|UND_ERR_\w+)\)$/);
  });

  it('is unreachable when it hangs up in the middle of an answer', async () => {
    const server = await aServer((_asked, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"id":');
      setImmediate(() => response.destroy());
    });
    expect(await errorOf(aClient(server.url).envelopes.get('env-1'))).toMatchObject({ kind: 'unreachable' });
  });
});

describe('answer size', () => {
  it('is capped while the answer streams, so an endless one costs nothing', async () => {
    let sent = 0;
    const server = await aServer((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const error = await errorOf(aClient(server.url, { limits: { jsonBytes: 256 * 1024 } }).envelopes.get('env-1'));
    expect(error.kind).toBe('unreadable');
    expect(error.message).toContain('larger than 262144 bytes');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('of a refusal does not matter', async () => {
    const server = await aServer((_asked, response) => response.writeHead(409).end('x'.repeat(3_000_000)));
    const error = await errorOf(aClient(server.url).envelopes.get('env-1'));
    expect(error.kind).toBe('conflict');
    expect(error.message.length).toBeLessThan(300);
  });
});

describe('connections', () => {
  it('are kept and used again, after refusals and answers that nobody reads too', async () => {
    const answers = [200, 409, 404, 200, 500, 200];
    const server = await aServer((_asked, response) =>
      json(response, answers.shift() ?? 200, { id: 'env-1', status: 'draft' }),
    );
    const client = aClient(server.url);
    for (let calls = 0; calls < 12; calls += 1) await client.envelopes.get('env-1').catch(() => undefined);
    expect(server.asked).toHaveLength(12);
    // The next call may come a moment before the last answer's connection is free.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });
});

describe('proxies', () => {
  async function aProxy(): Promise<{ url: string; targets: string[] }> {
    const targets: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      targets.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    return { url: `http://user:hush@127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets };
  }

  it('named in HTTPS_PROXY are used, and their password stays out of errors', async () => {
    const proxy = await aProxy();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const error = await errorOf(aClient('https://atlas.invalid').envelopes.get('env-1'));
    expect(error.kind).toBe('unreachable');
    expect(proxy.targets).toEqual(['atlas.invalid:443']);
    expect(wholeText(error)).not.toMatch(new RegExp(`hush|${API_KEY}`));
  });

  it('are passed by for hosts of NO_PROXY', async () => {
    const proxy = await aProxy();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', 'localhost');
    const error = await errorOf(aClient('https://localhost:1').envelopes.get('env-1'));
    expect(error.kind).toBe('unreachable');
    expect(proxy.targets).toEqual([]);
  });
});
