import { describe, expect, it } from 'vitest';
import { aCreate, anAtlasSandbox } from './an-atlas-sandbox.js';

describe('what Atlas leaves undocumented can be switched', () => {
  it.each([
    ['code_message', { code: 'not_found', message: 'There is no such envelope' }],
    ['error_string', { error: 'There is no such envelope' }],
    ['error_object', { error: { code: 'not_found', message: 'There is no such envelope' } }],
    ['success_false', { success: false, error: 'There is no such envelope', code: 'not_found' }],
  ])('a refusal as %s', async (style, body) => {
    const atlas = await anAtlasSandbox();
    await atlas.settings({ error_style: style });
    const refused = await atlas.call('GET', '/api/envelope/none');
    expect(refused.status).toBe(404);
    expect(refused.body).toEqual(body);
  });

  it('a refusal as HTML, or with no body', async () => {
    const atlas = await anAtlasSandbox({ settings: { error_style: 'html' } });
    const page = await atlas.call('GET', '/api/envelope/none');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain('404');
    await atlas.settings({ error_style: 'empty' });
    expect(await atlas.call('GET', '/api/envelope/none')).toMatchObject({ status: 404, text: '' });
  });

  it('the status of a create and the key of the id', async () => {
    const atlas = await anAtlasSandbox({ settings: { created_status: 200, id_key: 'id' } });
    const created = await atlas.call('POST', '/api/envelope', aCreate());
    expect(created.status).toBe(200);
    expect(created.body.envelope_id).toBeUndefined();
    expect((await atlas.get(`/api/envelope/${created.body.id}`)).id).toBe(created.body.id);
  });

  it('null or nothing at all', async () => {
    const atlas = await anAtlasSandbox({ settings: { omit_nulls: true } });
    const id = await atlas.draft();
    const status = await atlas.get(`/api/envelope/${id}/status`);
    expect(Object.keys(status).sort()).toEqual(['signed_count', 'status', 'total']);
  });

  it('the review link in later answers', async () => {
    const atlas = await anAtlasSandbox();
    const { envelope_id: id, review_url: link } = await atlas.create();
    expect((await atlas.get(`/api/envelope/${id}`)).review_url).toBe(link);
    await atlas.settings({ review_url_in_get: false });
    expect((await atlas.get(`/api/envelope/${id}`)).review_url).toBeUndefined();
  });

  it('whether an envelope without fields may go out', async () => {
    const atlas = await anAtlasSandbox();
    const empty = { metadata: { sandbox_detection: 'failed' } };
    expect((await atlas.send(await atlas.draft(empty))).status).toBe(200);
    await atlas.settings({ send_without_fields: 'refuse' });
    const id = await atlas.draft(empty);
    expect(await atlas.send(id)).toMatchObject({ status: 400, body: { code: 'no_signature_fields' } });
    await atlas.call('POST', `/_sandbox/envelopes/${id}/place-fields`);
    expect((await atlas.get(`/api/envelope/${id}`)).fields_version).toBe(2);
    expect((await atlas.send(id)).status).toBe(200);
  });

  it('whether the sign link of the status carries its token', async () => {
    const atlas = await anAtlasSandbox({ settings: { sign_url_token: false } });
    const id = await atlas.sent();
    const status = async (): Promise<string | null> => (await atlas.get(`/api/envelope/${id}/status`)).sign_url;
    expect(await status()).toBe(`${atlas.sandbox.url}/sign/${id}`);
    await atlas.settings({ sign_url_token: true });
    expect(await status()).toMatch(new RegExp(`/sign/${id}\\?t=.+`));
  });

  it('how soon a signer may be reminded again', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const clock = { now: () => new Date(now) };
    const atlas = await anAtlasSandbox({ clock, settings: { detection_ms: 0 } });
    const id = await atlas.sent();
    const remind = () => atlas.call('POST', `/api/envelope/${id}/remind`);
    expect([(await remind()).status, (await remind()).status]).toEqual([200, 200]);
    await atlas.settings({ remind_cooldown_ms: 3_600_000 });
    now += 600_000;
    const refused = await remind();
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.headers.get('retry-after')).toBe('3000');
    await atlas.sign(id);
    expect(await remind()).toMatchObject({ status: 200, body: { reminded: 'bob@company.example' } });
    expect((await remind()).status).toBe(429);
    now += 3_600_000;
    expect((await remind()).status).toBe(200);
    expect((await atlas.record(id)).mails.filter(({ kind }) => kind === 'reminder')).toHaveLength(4);
  });

  it('but not to something that makes no sense', async () => {
    const atlas = await anAtlasSandbox();
    for (const bad of [
      { error_style: 'shouting' },
      { detection_ms: -1 },
      { no_such_setting: true },
      { credits: { 'no-such-key': 1 } },
      { next_detections: ['maybe'] },
    ]) {
      expect((await atlas.call('POST', '/_sandbox/settings', bad)).status).toBe(400);
    }
    expect((await atlas.state()).settings).toMatchObject({ error_style: 'code_message', detection_ms: 30 });
  });
});

describe('the review button of the admin routes', () => {
  it('sends as a person on the review page would', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const pressed = await atlas.call('POST', `/_sandbox/envelopes/${id}/review-send`);
    expect(pressed).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect(await atlas.state()).toMatchObject({ sends: 1, credits: { 'sandbox-key': 4 } });
    expect((await atlas.call('POST', '/_sandbox/envelopes/none/review-send')).status).toBe(404);
  });
});
