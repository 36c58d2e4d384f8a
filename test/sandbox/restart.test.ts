import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from '../../src/sandbox/environment.js';
import { signatureOf } from '../../src/sandbox/webhooks.js';
import { anAtlasSandbox, aWebhookReceiver, aCreate } from './an-atlas-sandbox.js';
import { aPdf } from './documents.js';
import { aDataFolder, compileSandbox, refusedStart, startProcess } from './sandbox-process.js';

describe('a sandbox with a data folder', () => {
  it('goes on after a restart with the same envelopes, links, credits, mails and idempotency records', async () => {
    const data = aDataFolder();
    const before = await anAtlasSandbox({ data });
    const create = { 'idempotency-key': 'create' };
    const created = await before.create({ metadata: { external_id: 'deal-1' } }, create);
    const id = created.envelope_id;
    await before.detected(id);
    await before.send(id, {}, { 'idempotency-key': 'send' });
    await before.sign(id);
    await before.settings({ error_style: 'error_string', credits: { 'sandbox-key': 9 } });
    const [record, state, envelope] = [
      await before.record(id),
      await before.state(),
      await before.get(`/api/envelope/${id}`),
    ];
    await before.sandbox.stop();

    const after = await anAtlasSandbox({ data, credits: 100 });
    const sameHost = (text: string) => text.replaceAll(after.sandbox.url, before.sandbox.url);
    const restored = await after.get(`/api/envelope/${id}`);
    expect(JSON.parse(sameHost(JSON.stringify(restored)))).toEqual(envelope);
    expect((await after.record(id)).mails).toEqual(record.mails);
    expect(await after.state()).toMatchObject({ credits: state.credits, sends: 1, mails: state.mails });
    expect((await after.state()).settings).toMatchObject({ error_style: 'error_string' });
    const replayed = await after.create({ metadata: { external_id: 'deal-1' } }, create);
    expect(replayed).toEqual(created);
    expect((await after.send(id, {}, { 'idempotency-key': 'send' })).status).toBe(200);
    expect((await after.state()).spent).toEqual(state.spent);
    expect((await after.get('/api/envelopes?external_id=deal-1')).envelopes).toHaveLength(1);
    await after.sign(id);
    const signed = await after.get(`/api/envelope/${id}`);
    expect((await fetch(signed.signed_download_url)).status).toBe(200);
  });

  it('ends the detections and delivers the webhooks that were still open', async () => {
    const data = aDataFolder();
    let up = false;
    const hooks = await aWebhookReceiver(() => (up ? 200 : 503));
    const before = await anAtlasSandbox({ data, settings: { detection_ms: 300 } });
    const { envelope_id: id } = await before.create({ webhook_url: hooks.url });
    await vi.waitFor(async () => expect((await before.state()).attempts).toBe(1));
    await before.sandbox.stop();
    up = true;
    const after = await anAtlasSandbox({ data, settings: { clock_speed: 60_000 } });
    expect((await after.detected(id)).fields_status).toBe('ready');
    await vi.waitFor(async () => expect((await after.state()).deliveries).toMatchObject({ delivered: 1, pending: 0 }));
    expect((await after.record(id)).deliveries[0]?.attempts).toHaveLength(2);
  });

  it('draws the same signed PDF again', async () => {
    const data = aDataFolder();
    const before = await anAtlasSandbox({ data });
    const id = await before.signed();
    const download = async (atlas: typeof before) => {
      return Buffer.from(
        await (await fetch((await atlas.get(`/api/envelope/${id}`)).signed_download_url)).arrayBuffer(),
      );
    };
    const first = await download(before);
    await before.sandbox.stop();
    expect((await download(await anAtlasSandbox({ data }))).equals(first)).toBe(true);
  });

  it('keeps templates and still signs with a key that is accepted no more', async () => {
    const data = aDataFolder();
    const hooks = await aWebhookReceiver();
    const before = (await anAtlasSandbox({ data, keys: [{ key: 'old', organisation: 'acme' }] })).as('old');
    await before.call('POST', '/_sandbox/templates', { id: 'tmpl_lease', name: 'Lease', roles: ['Tenant'] });
    const id = await before.draft({ webhook_url: hooks.url });
    await vi.waitFor(() => expect(hooks.received).toHaveLength(1));
    await before.sandbox.stop();
    const after = (await anAtlasSandbox({ data, keys: [{ key: 'new', organisation: 'acme' }] })).as('new');
    expect((await after.get('/api/templates/tmpl_lease')).roles).toEqual(['Tenant']);
    expect((await after.as('old').call('GET', `/api/envelope/${id}`)).status).toBe(401);
    await after.send(id);
    await vi.waitFor(() => expect(hooks.received).toHaveLength(2));
    const [created, sent] = hooks.received;
    expect(created?.signature).toBe(signatureOf(created?.raw ?? '', 'old'));
    expect(sent?.signature).toBe(signatureOf(sent?.raw ?? '', 'old'));
  });

  it('ignores a torn last line, and says where the journal is damaged elsewhere', async () => {
    const data = aDataFolder();
    const journal = join(data, 'journal.ndjson');
    const before = await anAtlasSandbox({ data });
    const whole = await before.draft();
    await before.sandbox.stop();
    appendFileSync(journal, '[["envelopes",{"id":"torn');
    const after = await anAtlasSandbox({ data });
    expect(await after.state()).toMatchObject({ envelopes: 1 });
    expect((await after.send(whole)).status).toBe(200);
    await after.sandbox.stop();
    truncateSync(journal, 40);
    appendFileSync(journal, '\n[]\n');
    await expect(anAtlasSandbox({ data })).rejects.toThrow(/damaged at line 1/);
  });

  it('writes one line for a request, with the answer to replay in it', async () => {
    const data = aDataFolder();
    const atlas = await anAtlasSandbox({ data });
    const id = await atlas.draft();
    const lines = () => readFileSync(join(data, 'journal.ndjson'), 'utf8').trim().split('\n');
    const count = lines().length;
    await atlas.send(id, {}, { 'idempotency-key': 'k' });
    const [line, ...more] = lines().slice(count);
    expect(more).toEqual([]);
    const tables = (JSON.parse(line ?? '[]') as [string, unknown][]).map(([table]) => table);
    expect(tables.sort()).toEqual(['accounts', 'calls', 'envelopes', 'idempotency', 'mails']);
  });
});

describe('the sandbox process', () => {
  let compiled: ReturnType<typeof compileSandbox>;
  beforeAll(() => {
    compiled = compileSandbox();
  });
  afterAll(() => compiled.remove());

  it('loses nothing that it answered when it is killed while it works', async () => {
    const env = { SANDBOX_DATA: aDataFolder(), SANDBOX_CREDITS: '1000', SANDBOX_DETECTION_MS: '0' };
    const first = await startProcess(compiled.entry, env);
    const answered: { id: string; key: string }[] = [];
    const pdf = (await aPdf(1)).toString('base64');
    const workers = Array.from({ length: 4 }, async (_, worker) => {
      for (let count = 0; ; count += 1) {
        const key = `deal-${worker}-${count}`;
        const created = await first.atlas.create({ document: pdf }, { 'idempotency-key': key });
        answered.push({ id: created.envelope_id, key });
        if (count > 1) await first.atlas.send(created.envelope_id, {}, { 'idempotency-key': key });
      }
    });
    const cutOff = Promise.allSettled(workers);
    await vi.waitFor(() => expect(answered.length).toBeGreaterThan(25), { timeout: 20_000 });
    await first.kill();
    await cutOff;

    const second = await startProcess(compiled.entry, env);
    for (const { id, key } of answered) {
      const again = await second.atlas.create({ document: pdf }, { 'idempotency-key': key });
      expect(again.envelope_id).toBe(id);
    }
    const state = await second.atlas.state();
    expect(state.sends).toBe(state.spent['sandbox-key']);
    expect(state.credits['sandbox-key']).toBe(1000 - state.sends);
    expect(state.mails).toBe(state.sends);
  });

  it('takes its settings from the environment, and ends well on SIGTERM', async () => {
    const env = { SANDBOX_API_KEYS: 'one,two@acme', SANDBOX_CREDITS: '2', SANDBOX_CREATED_STATUS: '200' };
    const started = await startProcess(compiled.entry, { ...env, SANDBOX_BUCKET_URL: 'https://files.example/' });
    expect(started.atlas.sandbox.bucketUrl).toBe('https://files.example');
    const two = started.atlas.as('two');
    expect((await two.call('POST', '/api/envelope', aCreate())).status).toBe(200);
    expect((await two.state()).credits).toEqual({ one: 2, two: 2 });
    const signed = await two.signed();
    expect((await two.get(`/api/envelope/${signed}`)).signed_download_url).toMatch(
      /^https:\/\/files\.example\/signed\//,
    );
    expect(await started.kill('SIGTERM')).toBe(0);
  });

  it('refuses a bad environment with one line and exit code 2', async () => {
    const { code, said } = await refusedStart(compiled.entry, { SANDBOX_PORT: 'many' });
    expect(code).toBe(2);
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(said).toContain('SANDBOX_PORT');
  });

  it('says so when its port is taken', async () => {
    const { atlas } = await startProcess(compiled.entry, {});
    const { port } = new URL(atlas.sandbox.url);
    const { code, said } = await refusedStart(compiled.entry, { SANDBOX_PORT: port, SANDBOX_BUCKET_PORT: '0' });
    expect(code).toBe(1);
    expect(said).toContain(port);
  });

  it('answers its health check', async () => {
    const { atlas } = await startProcess(compiled.entry, {});
    expect((await atlas.as('').call('GET', '/healthz')).status).toBe(200);
    expect((await atlas.call('POST', '/api/envelope', aCreate())).status).toBe(201);
  });
});

describe('the environment of the sandbox', () => {
  it.each([
    ['SANDBOX_PORT', '70000'],
    ['SANDBOX_BUCKET_PORT', 'x'],
    ['SANDBOX_CREDITS', '-1'],
    ['SANDBOX_API_KEYS', ' , '],
    ['SANDBOX_PUBLIC_URL', 'not a url'],
    ['SANDBOX_ERROR_STYLE', 'shouting'],
    ['SANDBOX_CREATED_STATUS', '418'],
    ['SANDBOX_CLOCK_SPEED', '0'],
    ['SANDBOX_DROP_WEBHOOKS', 'maybe'],
  ])('names a bad %s and gives an example', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(new RegExp(`^${name}=.*\\(example: .+\\)$`));
  });

  it('has defaults for everything, also for what is set but empty', () => {
    expect(readEnvironment({ SANDBOX_PORT: '', SANDBOX_DATA: ' ' })).toMatchObject({
      host: '127.0.0.1',
      port: 8090,
      bucketPort: 8091,
      data: null,
      credits: 5,
      keys: [{ key: 'sandbox-key', organisation: 'sandbox-key' }],
      settings: { detection_ms: 1500, clock_speed: 1 },
    });
  });
});
