import { describe, expect, it } from 'vitest';
import { anAtlasSandbox } from './an-atlas-sandbox.js';
import { aPdf } from './documents.js';

describe('field detection', () => {
  it('runs after the create and finds a signature and a date for each signer on the last page', async () => {
    const atlas = await anAtlasSandbox({ settings: { detection_ms: 1500 } });
    const { envelope_id: id } = await atlas.create();
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({
      fields_status: 'pending',
      fields_version: 1,
      fields: [],
    });
    const envelope = await atlas.detected(id);
    expect(envelope).toMatchObject({ fields_status: 'ready', fields_version: 1, document: { pages: 2 } });
    for (const index of [0, 1]) {
      const own = envelope.fields.filter((field) => field.party_index === index);
      expect(own.map((field) => field.type)).toEqual(expect.arrayContaining(['signature', 'date']));
      expect(own.every((field) => field.page === 2 && field.party_order === index + 1)).toBe(true);
    }
    for (const field of envelope.fields) {
      expect(field.x_pct + field.w_pct).toBeLessThanOrEqual(1);
      expect(field.y_pct + field.h_pct).toBeLessThanOrEqual(1);
    }
  });

  it('finds the two lines of a usual contract when no parties are named yet', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ parties: undefined });
    const { fields } = await atlas.get(`/api/envelope/${id}`);
    expect(new Set(fields.map((field) => field.party_index))).toEqual(new Set([0, 1]));
  });

  it('fails with a reason, or finds nothing, as the metadata of the envelope asks', async () => {
    const atlas = await anAtlasSandbox();
    const failed = await atlas.draft({ metadata: { sandbox_detection: 'failed' } });
    expect(await atlas.get(`/api/envelope/${failed}`)).toMatchObject({
      fields_status: 'failed',
      fields: [],
      metadata: { detection_error: expect.any(String) as string },
    });
    const empty = await atlas.draft({ metadata: { sandbox_detection: 'recovered_empty' } });
    expect(await atlas.get(`/api/envelope/${empty}`)).toMatchObject({ fields_status: 'recovered_empty', fields: [] });
  });

  it('follows a mark in the document, or the script for the next envelopes', async () => {
    const atlas = await anAtlasSandbox();
    const marked = await aPdf(1, 'Marked', 'sandbox_detection=failed');
    const byDocument = await atlas.draft({ document: marked.toString('base64') });
    expect((await atlas.get(`/api/envelope/${byDocument}`)).fields_status).toBe('failed');
    await atlas.settings({ next_detections: ['recovered_empty', 'failed'] });
    const outcomes: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      outcomes.push((await atlas.get(`/api/envelope/${await atlas.draft()}`)).fields_status);
    }
    expect(outcomes).toEqual(['recovered_empty', 'failed', 'ready']);
  });

  it('may never end, and sending stays a 409 all that time', async () => {
    const atlas = await anAtlasSandbox({ settings: { detection_ms: 0 } });
    const { envelope_id: never } = await atlas.create({ metadata: { sandbox_detection: 'never' } });
    await atlas.draft();
    expect((await atlas.get(`/api/envelope/${never}`)).fields_status).toBe('pending');
    expect(await atlas.send(never)).toMatchObject({ status: 409, body: { code: 'detection_pending' } });
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 5 });
  });

  it('fails for a PDF that cannot be read', async () => {
    const atlas = await anAtlasSandbox();
    const broken = Buffer.from('%PDF-1.7\nthis is where it ends');
    const id = await atlas.draft({ document: broken.toString('base64') });
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({
      fields_status: 'failed',
      document: { pages: null },
    });
  });

  it('is ready almost at once for a file it has seen', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.draft();
    await atlas.settings({ detection_ms: 3_600_000 });
    const id = await atlas.draft();
    expect((await atlas.get(`/api/envelope/${id}`)).fields_status).toBe('ready');
    const other = await atlas.create({ document: (await aPdf(1, 'Another')).toString('base64') });
    expect((await atlas.get(`/api/envelope/${other.envelope_id}`)).fields_status).toBe('pending');
  });
});

describe('fields', () => {
  const field = { type: 'signature', page: 1, x_pct: 0.1, y_pct: 0.5, w_pct: 0.3, h_pct: 0.05, party_order: 2 };

  it('are replaced by a PATCH that knows the version, which goes up by one', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const patched = await atlas.call('PATCH', `/api/envelope/${id}/fields`, { fields: [field], fields_version: 1 });
    expect(patched).toMatchObject({ status: 200, body: { fields_version: 2 } });
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({
      fields_version: 2,
      fields: [{ type: 'signature', party_index: 1, party_order: 2 }],
    });
  });

  it('are left alone by a stale PATCH, and make a stale send a 409', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const patch = { fields: [field], fields_version: 1 };
    await atlas.call('PATCH', `/api/envelope/${id}/fields`, patch);
    expect(await atlas.call('PATCH', `/api/envelope/${id}/fields`, patch)).toMatchObject({
      status: 409,
      body: { code: 'fields_version_mismatch' },
    });
    expect((await atlas.get(`/api/envelope/${id}`)).fields_version).toBe(2);
    expect(await atlas.send(id, { fields_version: 1 })).toMatchObject({ status: 409 });
    expect((await atlas.send(id, { fields_version: 2 })).status).toBe(200);
  });

  it.each([
    ['without a version', { fields: [field] }],
    ['without fields', { fields_version: 1 }],
    ['outside the page', { fields: [{ ...field, x_pct: 1.2 }], fields_version: 1 }],
    ['on a page that is not there', { fields: [{ ...field, page: 3 }], fields_version: 1 }],
    ['for a party that is not there', { fields: [{ ...field, party_index: 2 }], fields_version: 1 }],
  ])('are refused %s with 400', async (_what, patch) => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    expect((await atlas.call('PATCH', `/api/envelope/${id}/fields`, patch)).status).toBe(400);
    expect((await atlas.get(`/api/envelope/${id}`)).fields_version).toBe(1);
  });

  it('cannot be changed while detection runs or after sending', async () => {
    const atlas = await anAtlasSandbox();
    const patch = { fields: [field], fields_version: 1 };
    const { envelope_id: pending } = await atlas.create({ metadata: { sandbox_detection: 'never' } });
    expect((await atlas.call('PATCH', `/api/envelope/${pending}/fields`, patch)).status).toBe(409);
    const sent = await atlas.sent();
    expect((await atlas.call('PATCH', `/api/envelope/${sent}/fields`, patch)).status).toBe(409);
  });

  it('follow a change of parties at send, unless somebody placed them by hand', async () => {
    const atlas = await anAtlasSandbox();
    const parties = ['a', 'b', 'c'].map((name) => ({ email: `${name}@customer.example` }));
    const following = await atlas.draft();
    await atlas.send(following, { parties });
    const { fields } = await atlas.get(`/api/envelope/${following}`);
    expect(fields.filter(({ type }) => type === 'signature').map((f) => f.party_index)).toEqual([0, 1, 2]);
    const placed = await atlas.draft();
    await atlas.call('PATCH', `/api/envelope/${placed}/fields`, { fields: [field], fields_version: 1 });
    await atlas.send(placed, { parties });
    expect((await atlas.get(`/api/envelope/${placed}`)).fields).toHaveLength(1);
  });
});
