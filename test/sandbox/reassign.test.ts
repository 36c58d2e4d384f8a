import { describe, expect, it, vi } from 'vitest';
import { anAtlasSandbox, aWebhookReceiver, type AtlasSandbox } from './an-atlas-sandbox.js';

const CARA = { email: 'cara@customer.example', name: 'Cara Duarte' };

async function reassign(atlas: AtlasSandbox, id: string, body: object = CARA) {
  return atlas.call('POST', `/_sandbox/envelopes/${id}/reassign`, body);
}

async function linkOf(atlas: AtlasSandbox, id: string): Promise<string> {
  return (await atlas.get(`/api/envelope/${id}/status`)).sign_url ?? '';
}

describe('a signer who passes the signature on', () => {
  it('is replaced by somebody with a link of their own, who is written to; the old link is dead', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const old = await linkOf(atlas, id);
    expect(await reassign(atlas, id)).toMatchObject({ status: 200, body: { status: 'pending' } });

    const status = await atlas.get(`/api/envelope/${id}/status`);
    expect(status).toMatchObject({ signed_count: 0, total: 2, next_signer_email: CARA.email });
    expect(status.sign_url).not.toBe(old);
    expect((await fetch(old)).status).toBe(401);
    expect(await (await fetch(status.sign_url ?? '')).text()).toContain('For signature by Cara Duarte');
    expect((await atlas.get(`/api/envelope/${id}`)).parties[0]).toMatchObject({ ...CARA, order: 1, status: 'pending' });
    expect((await atlas.record(id)).mails.map(({ to, kind }) => [to, kind])).toEqual([
      ['ana@customer.example', 'signature_request'],
      ['cara@customer.example', 'signature_request'],
    ]);
    await atlas.sign(id);
    await atlas.sign(id);
    expect((await atlas.get(`/api/envelope/${id}`)).status).toBe('signed');
  });

  it('causes no webhook', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent({ webhook_url: hooks.url });
    await reassign(atlas, id);
    await atlas.call('POST', `/api/envelope/${id}/void`);
    await vi.waitFor(() => expect(hooks.received).toHaveLength(3));
    expect(hooks.events().sort()).toEqual(['envelope.created', 'envelope.sent', 'envelope.voided']);
  });

  it('must be the one whose turn it is', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    expect((await reassign(atlas, id)).status).toBe(409);
    await atlas.send(id);
    expect((await reassign(atlas, id, { ...CARA, party: 2 })).status).toBe(409);
    expect((await reassign(atlas, id, { ...CARA, party: 3 })).status).toBe(404);
    await atlas.sign(id);
    expect((await reassign(atlas, id, { ...CARA, party: 1 })).status).toBe(409);
    expect((await reassign(atlas, id, { email: CARA.email, party: 2 })).status).toBe(200);
    expect((await atlas.get(`/api/envelope/${id}`)).parties).toMatchObject([
      { email: 'ana@customer.example' },
      { email: CARA.email, name: null, role: 'Company' },
    ]);
    await atlas.sign(id);
    expect((await reassign(atlas, id)).status).toBe(409);
  });

  it.each([[{}], [{ email: 'nobody' }], [{ ...CARA, role: 'Witness' }]])(
    'names somebody in %j properly, or nothing happens',
    async (body) => {
      const atlas = await anAtlasSandbox();
      const id = await atlas.sent();
      expect((await reassign(atlas, id, body)).status).toBe(400);
      expect((await atlas.get(`/api/envelope/${id}/status`)).next_signer_email).toBe('ana@customer.example');
    },
  );

  it('can do so on the sign page', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const old = await linkOf(atlas, id);
    expect(await (await fetch(old)).text()).toContain('Somebody else must sign');
    const passOn = (form: Record<string, string>): Promise<Response> => {
      return fetch(old.replace(`/sign/${id}`, `/sign/${id}/reassign`), {
        method: 'POST',
        body: new URLSearchParams(form),
      });
    };
    const refused = await passOn({ email: 'nobody', name: '' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('Invalid email');

    const passed = await passOn({ ...CARA });
    expect(passed.status).toBe(200);
    expect(await passed.text()).toContain('Passed on');
    expect((await atlas.get(`/api/envelope/${id}/status`)).next_signer_email).toBe(CARA.email);
    expect((await passOn({ ...CARA })).status).toBe(401);
    expect((await atlas.record(id)).mails).toHaveLength(2);
  });
});
