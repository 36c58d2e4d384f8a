import { describe, expect, it } from 'vitest';
import { anAtlasSandbox } from './an-atlas-sandbox.js';

const PARTIES = [
  { email: 'ana@customer.example', name: 'Ana Ferreira', role: 'Customer' },
  { email: 'bob@company.example', role_name: 'Company' },
];
const PATH = '/api/templates/tmpl_1/send';

describe('templates', () => {
  it('say which roles and prefill keys they have', async () => {
    const atlas = await anAtlasSandbox();
    expect(await atlas.get('/api/templates/tmpl_1')).toMatchObject({
      template_id: 'tmpl_1',
      ready: true,
      roles: ['Customer', 'Company'],
      prefill_keys: ['customer_name', 'amount'],
    });
    expect((await atlas.call('GET', '/api/templates/tmpl_9')).status).toBe(404);
    expect((await atlas.call('POST', '/api/templates/tmpl_9/send', { parties: PARTIES })).status).toBe(404);
  });

  it('tell when they were last changed', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const atlas = await anAtlasSandbox({ clock: { now: () => new Date(now) } });
    const changed = async (): Promise<string> => (await atlas.get('/api/templates/tmpl_1')).updated_at;
    expect(await changed()).toBe('2026-03-01T12:00:00.000Z');
    now += 60_000;
    await atlas.call('POST', '/_sandbox/templates', { id: 'tmpl_9', name: 'Lease', roles: ['Tenant'] });
    expect(await changed()).toBe('2026-03-01T12:00:00.000Z');
    await atlas.call('POST', '/_sandbox/templates', { id: 'tmpl_1', name: 'Order form', roles: ['Customer'] });
    expect(await changed()).toBe('2026-03-01T12:01:00.000Z');
  });

  it('go out at once with auto_send, prefilled, with stable fields and no detection', async () => {
    const atlas = await anAtlasSandbox();
    const prefill = { customer_name: 'Northwind', amount: '12,000 EUR' };
    const metadata = { external_id: 'deal-1' };
    const sent = await atlas.call('POST', PATH, { parties: PARTIES, prefill, metadata, auto_send: true });
    expect(sent.status).toBe(201);
    expect(sent.body.review_url).toBeUndefined();
    const envelope = await atlas.get(`/api/envelope/${sent.body.envelope_id}`);
    expect(envelope).toMatchObject({ status: 'pending', fields_status: 'ready', metadata, document: { pages: 1 } });
    expect(envelope.fields).toContainEqual(
      expect.objectContaining({ id: 'fld_customer_name', value: 'Northwind', party_order: null }),
    );
    expect(envelope.fields).toContainEqual(expect.objectContaining({ id: 'fld_company_signature', party_order: 2 }));
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 4 });
  });

  it('wait for review with auto_send false', async () => {
    const atlas = await anAtlasSandbox();
    const drafted = await atlas.call('POST', PATH, { parties: PARTIES, auto_send: false });
    expect(drafted.body.review_url).toContain(`/review/${drafted.body.envelope_id}?rt=`);
    expect(await atlas.state()).toMatchObject({ drafts: 1, sends: 0, credits: { 'sandbox-key': 5 } });
  });

  it('do what the sandbox is set to when auto_send is left out: by default, they go out', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.call('POST', PATH, { parties: PARTIES });
    await atlas.settings({ template_auto_send_default: false });
    await atlas.call('POST', PATH, { parties: PARTIES });
    expect(await atlas.state()).toMatchObject({ drafts: 1, sends: 1 });
  });

  it.each([
    ['an unknown prefill key', { parties: PARTIES, prefill: { discount: '5 %' } }],
    ['a prefill that is no text', { parties: PARTIES, prefill: { amount: 5 } }],
    ['an unknown role', { parties: [PARTIES[0], { email: 'bob@company.example', role: 'Vendor' }] }],
    ['a role left out', { parties: [PARTIES[0]] }],
    ['a role filled twice', { parties: [...PARTIES, PARTIES[0]] }],
    ['a party without a role', { parties: [...PARTIES, { email: 'x@customer.example' }] }],
    ['no parties', {}],
  ])('refuse %s with 400 and create nothing', async (_what, body) => {
    const atlas = await anAtlasSandbox();
    expect((await atlas.call('POST', PATH, { ...body, auto_send: true })).status).toBe(400);
    expect((await atlas.state()).envelopes).toBe(0);
  });

  it('refuse to go out without credits, leaving no draft behind', async () => {
    const atlas = await anAtlasSandbox({ credits: 0 });
    expect((await atlas.call('POST', PATH, { parties: PARTIES, auto_send: true })).status).toBe(402);
    expect((await atlas.state()).envelopes).toBe(0);
  });

  it('answer a repeated send with the same Idempotency-Key once', async () => {
    const atlas = await anAtlasSandbox();
    const body = { parties: PARTIES, auto_send: true };
    const first = await atlas.call('POST', PATH, body, { 'idempotency-key': 'k' });
    const again = await atlas.call('POST', PATH, body, { 'idempotency-key': 'k' });
    expect(again.text).toBe(first.text);
    expect(await atlas.state()).toMatchObject({ envelopes: 1, credits: { 'sandbox-key': 4 } });
  });

  it('can be made by whoever runs the sandbox, also one that is not ready', async () => {
    const atlas = await anAtlasSandbox();
    const template = { id: 'tmpl_lease', name: 'Lease', roles: ['Tenant'], prefill_keys: ['rent'], ready: false };
    expect((await atlas.call('POST', '/_sandbox/templates', template)).status).toBe(200);
    expect(await atlas.get('/api/templates/tmpl_lease')).toMatchObject({ roles: ['Tenant'], ready: false });
    const parties = [{ email: 'ana@customer.example', role: 'Tenant' }];
    const refused = await atlas.call('POST', '/api/templates/tmpl_lease/send', { parties, auto_send: false });
    expect(refused).toMatchObject({ status: 409, body: { code: 'template_not_ready' } });
  });
});
