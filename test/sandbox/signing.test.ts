import { describe, expect, it } from 'vitest';
import { anAtlasSandbox } from './an-atlas-sandbox.js';

const CC = { email: 'legal@company.example', role_type: 'cc' };
const ANA = { email: 'ana@customer.example', name: 'Ana Ferreira' };
const BOB = { email: 'bob@company.example', name: 'Bob Olsen' };

describe('sending', () => {
  it('spends one credit and writes to the first signer only', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ parties: [ANA, BOB, CC] });
    const sent = await atlas.send(id, { fields_version: 1 });
    expect(sent).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect(sent.body.parties.map((party) => party.status)).toEqual(['pending', 'waiting', null]);
    expect(sent.body.parties.map((party) => party.sign_url !== undefined)).toEqual([true, true, false]);
    expect((await atlas.record(id)).mails).toMatchObject([{ to: ANA.email, kind: 'signature_request' }]);
    expect(await atlas.state()).toMatchObject({
      sends: 1,
      mails: 1,
      credits: { 'sandbox-key': 4 },
      spent: { 'sandbox-key': 1 },
    });
  });

  it('is refused the second time, for no credit and no mail', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    expect(await atlas.send(id)).toMatchObject({ status: 409, body: { code: 'already_sent' } });
    expect(await atlas.state()).toMatchObject({ sends: 1, mails: 1, credits: { 'sandbox-key': 4 } });
  });

  it('ends with 402 after five free sends, and goes on after a top-up', async () => {
    const atlas = await anAtlasSandbox();
    for (let count = 0; count < 5; count += 1) await atlas.sent();
    const id = await atlas.draft();
    expect((await atlas.send(id)).status).toBe(402);
    expect((await atlas.get(`/api/envelope/${id}`)).status).toBe('draft');
    await atlas.settings({ credits: { 'sandbox-key': 1 } });
    expect((await atlas.send(id)).status).toBe(200);
    expect(await atlas.state()).toMatchObject({ sends: 6, credits: { 'sandbox-key': 0 } });
  });

  it('is a 403 for a suspended account, whose drafts still work', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.settings({ suspended: { 'sandbox-key': true } });
    const id = await atlas.draft();
    expect((await atlas.send(id)).status).toBe(403);
  });

  it.each([
    ['malformed parties', { parties: [{ email: 'nobody' }] }],
    ['carbon copies only', { parties: [CC] }],
    ['a version that is no number', { fields_version: 'one' }],
  ])('is a 400 with %s', async (_what, body) => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    expect((await atlas.send(id, body)).status).toBe(400);
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 5 });
  });

  it('wants parties from somewhere', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ parties: undefined });
    expect((await atlas.send(id)).status).toBe(400);
    expect((await atlas.send(id, { parties: [ANA] })).status).toBe(200);
  });

  it('happens by itself after detection with auto_send, or not at all without credits', async () => {
    const atlas = await anAtlasSandbox({ credits: 1, settings: { detection_ms: 1500 } });
    const { envelope_id: id } = await atlas.create({ auto_send: true });
    expect((await atlas.get(`/api/envelope/${id}`)).status).toBe('draft');
    expect((await atlas.detected(id)).status).toBe('pending');
    const second = await atlas.draft({ auto_send: true });
    expect(await atlas.get(`/api/envelope/${second}`)).toMatchObject({
      status: 'draft',
      metadata: { auto_send_error: 'credits_exhausted' },
    });
  });

  it('never happens by itself where detection found no fields', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ auto_send: true, metadata: { sandbox_detection: 'recovered_empty' } });
    expect((await atlas.get(`/api/envelope/${id}`)).status).toBe('draft');
  });
});

describe('signing in turn', () => {
  it('tells at each moment who is next and how many have signed, carbon copies not counted', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ parties: [CC, { ...BOB, order: 3 }, { ...ANA, order: 2 }] });
    const status = () => atlas.get(`/api/envelope/${id}/status`);
    const before = { status: 'draft', signed_count: 0, total: 2, next_signer_email: null, sign_url: null };
    expect(await status()).toEqual(before);
    await atlas.send(id);
    const first = await status();
    expect(first).toMatchObject({ status: 'pending', signed_count: 0, total: 2, next_signer_email: ANA.email });
    await atlas.sign(id);
    const second = await status();
    expect(second).toMatchObject({ status: 'pending', signed_count: 1, next_signer_email: BOB.email });
    expect(second.sign_url).not.toBe(first.sign_url);
    await atlas.sign(id);
    expect(await status()).toEqual({ ...before, status: 'signed', signed_count: 2 });
    const mails = (await atlas.record(id)).mails;
    expect(mails.filter((mail) => mail.kind === 'signature_request').map((mail) => mail.to)).toEqual([
      ANA.email,
      BOB.email,
    ]);
    expect(mails.filter((mail) => mail.kind === 'completed').map((mail) => mail.to)).toContain(CC.email);
  });

  it('rejects a signer whose turn it is not, and one who has signed', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    expect(await atlas.sign(id, { party: 2 })).toMatchObject({ status: 409, body: { code: 'not_your_turn' } });
    await atlas.sign(id, { party: 1 });
    expect(await atlas.sign(id, { party: 1 })).toMatchObject({ status: 409, body: { code: 'already_signed' } });
    expect((await atlas.get(`/api/envelope/${id}/status`)).signed_count).toBe(1);
  });

  it('shows a signer their own fields only, and nobody else at all', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    await atlas.sign(id);
    const { parties } = await atlas.record(id);
    const view = await atlas.as('no key at all').call('GET', `/api/envelope/${id}?t=${parties[1]?.token ?? ''}`);
    expect(view.status).toBe(200);
    expect(view.body.party.email).toBe(BOB.email);
    expect(view.body.fields.length).toBeGreaterThan(0);
    expect(view.body.fields.every((field) => field.party_index === 1)).toBe(true);
    expect(view.text).not.toContain('Ana');
    expect(view.text).not.toContain(ANA.email);
    expect((await atlas.call('GET', `/api/envelope/${id}?t=guessed`)).status).toBe(401);
  });
});

describe('declining', () => {
  it('ends the envelope with the reason of the signer whose turn it is', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const [ana, bob] = (await atlas.record(id)).parties;
    const decline = (token: string | undefined) => {
      return atlas.call(
        'POST',
        `/api/envelope/${id}/decline`,
        { reason: 'too dear' },
        { authorization: `Bearer ${token ?? ''}` },
      );
    };
    expect((await decline('sandbox-key')).status).toBe(401);
    expect((await decline(bob?.token)).status).toBe(409);
    expect((await decline(ana?.token)).status).toBe(200);
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({
      status: 'declined',
      decline_reason: 'too dear',
      parties: [{ status: 'declined' }, { status: 'waiting' }],
    });
    expect((await decline(ana?.token)).status).toBe(409);
    expect((await atlas.sign(id)).status).toBe(409);
    expect((await atlas.state()).refunded).toEqual({ 'sandbox-key': 0 });
  });
});

describe('voiding', () => {
  const voidIt = { reason: 'wrong address' };

  it('gives the credit of a sent envelope back while nobody has signed', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const voided = await atlas.call('POST', `/api/envelope/${id}/void`, voidIt);
    expect(voided).toMatchObject({ status: 200, body: { status: 'voided', credit_refunded: true } });
    expect(await atlas.state()).toMatchObject({
      voids: 1,
      credits: { 'sandbox-key': 5 },
      refunded: { 'sandbox-key': 1 },
    });
    expect((await atlas.get(`/api/envelope/${id}`)).void_reason).toBe('wrong address');
  });

  it('keeps the credit once somebody signed, and never cost a draft any', async () => {
    const atlas = await anAtlasSandbox();
    const sent = await atlas.sent();
    await atlas.sign(sent);
    expect((await atlas.call('POST', `/api/envelope/${sent}/void`)).body.credit_refunded).toBe(false);
    const draft = await atlas.draft();
    expect((await atlas.call('POST', `/api/envelope/${draft}/void`, {})).body.credit_refunded).toBe(false);
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 4 });
  });

  it('is a 409 for an envelope that has ended', async () => {
    const atlas = await anAtlasSandbox();
    const signed = await atlas.signed();
    expect((await atlas.call('POST', `/api/envelope/${signed}/void`, voidIt)).status).toBe(409);
    const voided = await atlas.sent();
    await atlas.call('POST', `/api/envelope/${voided}/void`, voidIt);
    expect((await atlas.call('POST', `/api/envelope/${voided}/void`, voidIt)).status).toBe(409);
    expect((await atlas.state()).refunded).toEqual({ 'sandbox-key': 1 });
  });
});

describe('reminding', () => {
  it('writes to the current signer once more, and to nobody when there is none', async () => {
    const atlas = await anAtlasSandbox();
    const draft = await atlas.draft();
    expect((await atlas.call('POST', `/api/envelope/${draft}/remind`)).status).toBe(409);
    const id = await atlas.sent();
    await atlas.sign(id);
    expect((await atlas.call('POST', `/api/envelope/${id}/remind`)).status).toBe(200);
    const reminders = (await atlas.record(id)).mails.filter((mail) => mail.kind === 'reminder');
    expect(reminders.map((mail) => mail.to)).toEqual([BOB.email]);
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 4 });
  });
});
