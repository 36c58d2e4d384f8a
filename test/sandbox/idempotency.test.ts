import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { aCreate, aForm, anAtlasSandbox } from './an-atlas-sandbox.js';
import { aPdf } from './documents.js';

const key = (value: string) => ({ 'idempotency-key': value });

describe('an Idempotency-Key', () => {
  it('makes a repeated create answer as the first did, with one envelope', async () => {
    const atlas = await anAtlasSandbox();
    const first = await atlas.call('POST', '/api/envelope', aCreate(), key('deal-1-r1-create'));
    const again = await atlas.call('POST', '/api/envelope', aCreate(), key('deal-1-r1-create'));
    expect(again.status).toBe(first.status);
    expect(again.text).toBe(first.text);
    expect((await atlas.state()).envelopes).toBe(1);
    expect((await atlas.record(first.body.envelope_id)).calls.map((call) => call.replayed)).toEqual([false, true]);
  });

  it('makes a repeated send cost one credit', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const first = await atlas.send(id, { fields_version: 1 }, key('send'));
    const again = await atlas.send(id, { fields_version: 1 }, key('send'));
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect(await atlas.state()).toMatchObject({ sends: 1, mails: 1, credits: { 'sandbox-key': 4 } });
  });

  it('does not protect across JSON and multipart', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.call('POST', '/api/envelope', aCreate(), key('same'));
    await atlas.call('POST', '/api/envelope', aForm(), key('same'));
    expect((await atlas.state()).envelopes).toBe(2);
  });

  it('compares multipart bodies by what they say, not by their boundary', async () => {
    const atlas = await anAtlasSandbox();
    const fields = { parties: JSON.stringify([{ email: 'ana@customer.example', order: 1 }]) };
    const sameAgain = { parties: '[ {"order": 1, "email": "ana@customer.example"} ]' };
    const first = await atlas.call('POST', '/api/envelope', aForm(fields), key('form'));
    const again = await atlas.call('POST', '/api/envelope', aForm(sameAgain), key('form'));
    expect(again).toMatchObject({ status: 201, body: { envelope_id: first.body.envelope_id } });
    const otherFile = aForm(fields, await aPdf(1, 'Other'));
    expect((await atlas.call('POST', '/api/envelope', otherFile, key('form'))).status).toBe(422);
  });

  it('is a 422 with another body, unless the sandbox is lenient', async () => {
    const atlas = await anAtlasSandbox();
    const first = await atlas.create({}, key('k'));
    const other = { ...aCreate(), metadata: { external_id: 'deal-2' } };
    expect((await atlas.call('POST', '/api/envelope', other, key('k'))).status).toBe(422);
    await atlas.settings({ idempotency_mode: 'lenient' });
    const replayed = await atlas.call('POST', '/api/envelope', other, key('k'));
    expect(replayed).toMatchObject({ status: 201, body: { envelope_id: first.envelope_id } });
    expect((await atlas.state()).envelopes).toBe(1);
  });

  it('belongs to one API key and one path', async () => {
    const keys = ['one', 'two'].map((name) => ({ key: name, organisation: 'acme' }));
    const atlas = (await anAtlasSandbox({ keys })).as('one');
    const a = await atlas.draft();
    const b = await atlas.draft();
    expect((await atlas.send(a, {}, key('k'))).status).toBe(200);
    expect((await atlas.send(b, {}, key('k'))).status).toBe(200);
    expect((await atlas.as('two').send(a, {}, key('k'))).status).toBe(409);
    expect((await atlas.state()).sends).toBe(2);
  });

  it('also brings a stored refusal back, after its cause is gone: 409 of a running detection, 402 of no credits', async () => {
    const atlas = await anAtlasSandbox({ credits: 0, settings: { detection_ms: 1500 } });
    const { envelope_id: id } = await atlas.create();
    expect((await atlas.send(id, {}, key('one'))).status).toBe(409);
    await atlas.detected(id);
    expect(await atlas.send(id, {}, key('one'))).toMatchObject({ status: 409, body: { code: 'detection_pending' } });
    expect((await atlas.send(id, {}, key('two'))).status).toBe(402);
    await atlas.settings({ credits: { 'sandbox-key': 1 } });
    expect((await atlas.send(id, {}, key('two'))).status).toBe(402);
    expect((await atlas.send(id, {}, key('three'))).status).toBe(200);
  });

  it('can be told to forget refusals', async () => {
    const atlas = await anAtlasSandbox({ credits: 0, settings: { store_refusals: false } });
    const id = await atlas.draft();
    expect((await atlas.send(id, {}, key('k'))).status).toBe(402);
    await atlas.settings({ credits: { 'sandbox-key': 1 } });
    expect((await atlas.send(id, {}, key('k'))).status).toBe(200);
  });

  it('does not keep a 400, so that a mended body may follow', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    expect((await atlas.send(id, { parties: [] }, key('k'))).status).toBe(400);
    expect((await atlas.send(id, {}, key('k'))).status).toBe(200);
  });

  it('is forgotten after 24 hours', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const atlas = await anAtlasSandbox({ clock: { now: () => new Date(now) } });
    const first = await atlas.create({}, key('k'));
    now += 24 * 3600_000 - 1;
    expect((await atlas.create({}, key('k'))).envelope_id).toBe(first.envelope_id);
    now += 1;
    expect((await atlas.create({}, key('k'))).envelope_id).not.toBe(first.envelope_id);
  });

  it('is a 409 while the first request still runs', async () => {
    const pdf = await aPdf(1);
    const waiting: (() => void)[] = [];
    const files = createServer((_request, response) => void waiting.push(() => response.end(pdf)));
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void files.close());
    const atlas = await anAtlasSandbox();
    const body = { document_url: `http://127.0.0.1:${(files.address() as AddressInfo).port}/slow.pdf` };
    const first = atlas.call('POST', '/api/envelope', body, key('k'));
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    expect((await atlas.call('POST', '/api/envelope', body, key('k'))).status).toBe(409);
    waiting.forEach((answer) => answer());
    const { status, body: created } = await first;
    expect(status).toBe(201);
    expect((await atlas.create({ document: undefined, ...body, parties: undefined }, key('k'))).envelope_id).toBe(
      created.envelope_id,
    );
    expect((await atlas.state()).envelopes).toBe(1);
  });

  it('must not be empty or endless', async () => {
    const atlas = await anAtlasSandbox();
    expect((await atlas.call('POST', '/api/envelope', aCreate(), key('k'.repeat(256)))).status).toBe(400);
  });
});
