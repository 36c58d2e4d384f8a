import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FeedEntry } from '../../src/docusign/rows.js';
import { createHttpSink, type HttpSinkOptions } from '../../src/docusign/sinks/http.js';
import { entryOf, lineOf } from '../../src/docusign/sinks/lines.js';
import { openSink } from '../../src/docusign/sinks/open.js';
import { readCustomerEvents } from '../../src/docusign/sinks/reading.js';
import { answering } from '../support/answering.js';
import { aLog, anEntry, entries, keepsTheSinkContract, keysOf, PERSONAL } from './sink-contract.js';

const TOKEN = 'token-of-the-collector';

interface Delivery {
  headers: IncomingHttpHeaders;
  lines: string[];
}

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** Nothing comes back. */
  hangUp?: boolean;
  /** The rows are not taken; otherwise they are, whatever the answer. */
  lost?: boolean;
}

/** Takes every batch, repeats too, and answers as it is told, by default with 200. */
async function aCollector(answerTo: (delivery: Delivery, count: number) => Answer = () => ({})) {
  const received: Delivery[] = [];
  const taken: Delivery[] = [];
  const url = await answering((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const text = gunzipSync(Buffer.concat(chunks)).toString('utf8');
      expect(text === '' || text.endsWith('\n')).toBe(true);
      const delivery = { headers: request.headers, lines: text.split('\n').slice(0, -1) };
      received.push(delivery);
      const answer = answerTo(delivery, received.length);
      if (!answer.lost) taken.push(delivery);
      if (answer.hangUp) return void response.destroy();
      response.writeHead(answer.status ?? 200, answer.headers).end(`${PERSONAL} was here`);
    })().catch(() => response.destroy());
  });
  const entriesOf = (list: Delivery[]): { feed: string; entry: FeedEntry }[] =>
    list.flatMap(({ lines }) => lines.flatMap((line) => entryOf(line) ?? []));
  return { url, received, entries: () => entriesOf(taken) };
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-sink-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function aSink(url: string, options: Partial<HttpSinkOptions> = {}) {
  const folder = options.folder ?? (await aFolder());
  const log = aLog();
  const sink = createHttpSink({ url, token: TOKEN, log, ...options, folder });
  onTestFinished(() => sink.close());
  return { sink, folder, log };
}

const deliver = async (sink: ReturnType<typeof createHttpSink>, list: readonly FeedEntry[]): Promise<unknown> =>
  sink.deliver('customer-events', list).catch((error: unknown) => error);

describe('the sink in a log collector', () => {
  keepsTheSinkContract(async () => {
    const collector = await aCollector();
    const folder = await aFolder();
    const parts = { folder, database: () => Promise.reject(new Error('unasked')), log: aLog() };
    const open = () => openSink({ kind: 'http', url: collector.url, token: TOKEN }, parts);
    return {
      sink: await open(),
      stored: async (feed) => collector.entries().flatMap((one) => (one.feed === feed ? [one.entry] : [])),
      again: open,
    };
  });

  it('sends compressed lines of JSON with the bearer token, in batches of rows and bytes', async () => {
    const collector = await aCollector();
    const { sink } = await aSink(`${collector.url}/in?source=docusign`, { batch: { rows: 3, bytes: 5_000 } });
    const list = [...entries(4), anEntry({ filling: 'x'.repeat(9_000) }), anEntry()];
    await sink.deliver('customer-events', list);
    expect(collector.received.map(({ lines }) => lines.length)).toEqual([3, 1, 1, 1]);
    expect(collector.received.flatMap(({ lines }) => lines)).toEqual(
      list.map((entry) => lineOf('customer-events', entry).trimEnd()),
    );
    expect(collector.received[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    });
  });

  it.each([
    ['/logs/v1/event', TOKEN, TOKEN],
    ['/', null, undefined],
  ])('authorizes itself at %s as that asks for', async (path, token, expected) => {
    const collector = await aCollector();
    const { sink } = await aSink(`${collector.url}${path}`, { token });
    await sink.deliver('audit-users', [anEntry()]);
    expect(collector.received[0]?.headers.authorization).toBe(expected);
  });

  it.each([
    ['answers 500 after it took a batch', { status: 500 }],
    ['answers 503 after it took a batch', { status: 503 }],
    ['takes a batch and answers nothing', { hangUp: true }],
  ])('sends the same batch again, by the same name, to one that %s', async (_what, answer) => {
    const collector = await aCollector((_delivery, count) => (count === 2 ? answer : {}));
    const { sink } = await aSink(collector.url, { batch: { rows: 2, bytes: 1e6 } });
    const list = entries(6);
    expect(await deliver(sink, list)).toMatchObject({ name: 'SinkError', kind: 'unavailable' });
    expect(collector.received).toHaveLength(2);
    // The first batch is known to be there; the second is not, and may be told as new.
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 4, repeated: 2 });
    const names = collector.received.map(({ headers }) => headers['idempotency-key']);
    expect(names).toHaveLength(4);
    expect(names[2]).toBe(names[1]);
    expect(new Set(names).size).toBe(3);
    expect(collector.received[2]?.lines).toEqual(collector.received[1]?.lines);
    expect(new Set(collector.entries().map(({ entry }) => entry.key))).toEqual(new Set(keysOf(list)));
  });

  it('gives the same batch the same name after its process was killed before it knew', async () => {
    const collector = await aCollector();
    const list = entries(3);
    const before = await aSink(collector.url);
    await before.sink.deliver('customer-events', list);
    // The journal of a process that was killed after the answer and before it wrote, or while it did.
    const [name = ''] = await readdir(before.folder);
    const { size } = await stat(join(before.folder, name));
    await truncate(join(before.folder, name), size - 10);
    const { sink } = await aSink(collector.url, { folder: before.folder });
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 3, repeated: 0 });
    const names = collector.received.map(({ headers }) => headers['idempotency-key']);
    expect(names[1]).toBe(names[0]);
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 3 });
    const third = await aSink(collector.url, { folder: before.folder });
    expect(await third.sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 3 });
  });

  it('shares its journal with other processes of the folder, and not with those of another collector', async () => {
    const [collector, other] = [await aCollector(), await aCollector()];
    const first = await aSink(collector.url);
    const second = await aSink(collector.url, { folder: first.folder });
    const foreign = await aSink(other.url, { folder: first.folder });
    const list = entries(2);
    await second.sink.deliver('customer-events', [anEntry()]);
    await first.sink.deliver('customer-events', list);
    expect(await second.sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 2 });
    expect(await foreign.sink.deliver('customer-events', list)).toEqual({ written: 2, repeated: 0 });
  });

  it('keeps its journal small and for its owner, without a word of the rows', async () => {
    const collector = await aCollector();
    const { sink, folder } = await aSink(collector.url, { journal: { fileBytes: 500 } });
    const list = entries(40);
    for (const entry of list) await sink.deliver('customer-events', [entry]);
    for (const name of await readdir(folder)) {
      const { mode, size } = await stat(join(folder, name));
      expect(mode & 0o077).toBe(0);
      expect(size).toBeLessThan(700);
      expect(await readFile(join(folder, name), 'utf8')).not.toContain(PERSONAL);
    }
    const again = await aSink(collector.url, { folder });
    expect(await again.sink.deliver('customer-events', list.slice(-3))).toEqual({ written: 0, repeated: 3 });
  });

  it('delivers all the same where its journal cannot be kept, and says so', async () => {
    const collector = await aCollector();
    const folder = join(await aFolder(), 'taken');
    await writeFile(folder, '');
    const { sink, log } = await aSink(collector.url, { folder });
    const list = entries(2);
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 2, repeated: 0 });
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 0, repeated: 2 });
    expect(log.said.join()).toContain('cannot be written');
    expect(log.said.join()).not.toMatch(new RegExp(`${PERSONAL}|${list[0]?.key}`));
  });

  it.each([
    [301, 'refused', 'final address'],
    [400, 'refused', 'lines of JSON'],
    [401, 'refused', 'DOCUSIGN_SINK_TOKEN'],
    [403, 'refused', 'DOCUSIGN_SINK_TOKEN'],
    [404, 'refused', 'check DOCUSIGN_SINK'],
    [408, 'unavailable', '408'],
    [429, 'unavailable', '429'],
    [500, 'unavailable', '500'],
    [502, 'unavailable', '502'],
  ])('says what to do about %i, and nothing personal', async (status, kind, words) => {
    const collector = await aCollector(() => ({
      status,
      lost: true,
      headers: { location: 'https://elsewhere.example/' },
    }));
    const { sink, log } = await aSink(`${collector.url}/hidden-path`);
    const entry = anEntry();
    const failure = await deliver(sink, [entry]);
    expect(failure).toMatchObject({ name: 'SinkError', kind, message: expect.stringContaining(words) as string });
    expect(`${String(failure)} ${log.said.join()}`).not.toMatch(
      new RegExp(`${PERSONAL}|${entry.key}|${TOKEN}|hidden-path|elsewhere`),
    );
  });

  it('cuts a batch in halves for one that finds it too large, until a row alone is', async () => {
    const collector = await aCollector(({ lines }) => (lines.length > 2 ? { status: 413, lost: true } : {}));
    const { sink } = await aSink(collector.url);
    const list = entries(9);
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 9, repeated: 0 });
    expect(keysOf(collector.entries().map(({ entry }) => entry))).toEqual(keysOf(list));

    const strict = await aCollector(() => ({ status: 413, lost: true }));
    const failure = await deliver((await aSink(strict.url)).sink, list);
    expect(failure).toMatchObject({ kind: 'refused', message: expect.stringContaining('too large') as string });
  });

  it('leaves a busy collector alone for as long as it asks', async () => {
    let busy = true;
    const collector = await aCollector(() =>
      busy ? { status: 429, lost: true, headers: { 'retry-after': '120' } } : {},
    );
    let now = 1_000_000;
    const { sink } = await aSink(collector.url, { now: () => now });
    const list = entries(1);
    expect(await deliver(sink, list)).toMatchObject({ kind: 'unavailable', retryAfterMs: 120_000 });
    busy = false;
    now += 119_000;
    expect(await deliver(sink, list)).toMatchObject({ kind: 'unavailable', retryAfterMs: 1_000 });
    expect(collector.received).toHaveLength(1);
    now += 1_000;
    expect(await sink.deliver('customer-events', list)).toEqual({ written: 1, repeated: 0 });
  });

  it('gives up on one that accepts and stays silent', async () => {
    const url = await answering(() => undefined);
    const { sink } = await aSink(url, { callMs: 100 });
    expect(await deliver(sink, [anEntry()])).toMatchObject({ kind: 'unavailable' });
  });

  it('says that nobody answers', async () => {
    const { sink } = await aSink(`http://127.0.0.1:${await aFreePort()}/`);
    const failure = await deliver(sink, [anEntry()]);
    expect(failure).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('refuses an address that is none', async () => {
    expect(() => createHttpSink({ url: 'https://[', token: null, folder: '/nowhere', log: aLog() })).toThrow(
      'no web address',
    );
  });

  it.each([
    [200, undefined],
    [400, undefined],
    [401, 'refused'],
    [404, 'refused'],
    [302, 'refused'],
    [503, 'unavailable'],
  ])('finds with an empty batch, answered by %i, whether it is let in', async (status, kind) => {
    const collector = await aCollector(() => ({ status }));
    const { sink } = await aSink(collector.url);
    const found = await sink.check().catch((error: unknown) => error);
    if (kind === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ name: 'SinkError', kind });
    expect(collector.entries()).toEqual([]);
  });

  it('goes through the proxy of the environment', async () => {
    const asked: string[] = [];
    const proxy = createServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    for (const name of ['https_proxy', 'NO_PROXY', 'no_proxy']) vi.stubEnv(name, undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { sink } = await aSink('https://logs.example.com/in');
    expect(await deliver(sink, [anEntry()])).toMatchObject({ kind: 'unavailable' });
    expect(asked).toEqual(['logs.example.com:443']);
  });

  it('cannot be read back, and says so', async () => {
    const settings = { kind: 'http' as const, url: 'https://logs.example.com/', token: null };
    const rows = readCustomerEvents(
      settings,
      { database: () => Promise.reject(new Error('unasked')) },
      { from: new Date(0), to: new Date() },
    );
    await expect(rows.next()).rejects.toMatchObject({ name: 'SinkError', kind: 'refused' });
  });
});

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
