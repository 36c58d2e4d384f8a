import { describe, expect, it, vi } from 'vitest';
import { signatureOf } from '../../src/sandbox/webhooks.js';
import { anAtlasSandbox, aWebhookReceiver, KEY, type AtlasSandbox } from './an-atlas-sandbox.js';

async function delivered(atlas: AtlasSandbox, count: number): Promise<void> {
  await vi.waitFor(async () =>
    expect((await atlas.state()).deliveries).toMatchObject({ delivered: count, pending: 0 }),
  );
}

/** How long the first attempt at the envelope's first delivery was held back, milliseconds. */
async function heldBack(atlas: AtlasSandbox, id: string): Promise<number> {
  const [first] = (await atlas.record(id)).deliveries;
  return Date.parse(first?.attempts[0]?.at ?? '') - Date.parse(first?.createdAt ?? '');
}

describe('a webhook', () => {
  it('is never sent with webhook-drop, while the others are', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-drop', event: 'envelope.sent' }]);
    await atlas.signed({ webhook_url: hooks.url });
    await delivered(atlas, 4);
    expect(hooks.events()).not.toContain('envelope.sent');
    expect(await atlas.state()).toMatchObject({ deliveries: { dropped: 1 }, faults: { 'webhook-drop': 1 } });
    const flushed = await atlas.call('POST', '/_sandbox/webhooks/flush');
    expect(JSON.parse(flushed.text)).toEqual({ attempted: 0, delivered: 0 });
  });

  it('is posted twice with webhook-duplicate', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-duplicate' }]);
    await atlas.sent({ webhook_url: hooks.url });
    await delivered(atlas, 2);
    const created = hooks.received.filter(({ event }) => event === 'envelope.created');
    expect(created).toHaveLength(2);
    expect(created[0]?.raw.equals(created[1]?.raw ?? Buffer.alloc(0))).toBe(true);
    expect(created[0]?.signature).toBe(created[1]?.signature);
    expect(hooks.events().filter((event) => event === 'envelope.sent')).toHaveLength(1);
    expect((await atlas.state()).faults).toMatchObject({ 'webhook-duplicate': 1 });
  });

  it('is posted once more, not twice, when both posts of webhook-duplicate failed', async () => {
    const hooks = await aWebhookReceiver((nth) => (nth < 3 ? 503 : 200));
    const atlas = await anAtlasSandbox({ settings: { clock_speed: 1_000_000 } });
    await atlas.goWrong([{ kind: 'webhook-duplicate' }]);
    await atlas.create({ webhook_url: hooks.url });
    await delivered(atlas, 1);
    expect(hooks.received).toHaveLength(3);
  });

  it('is held back for so long with webhook-delay', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-delay', ms: 300 }]);
    const { envelope_id: id } = await atlas.create({ webhook_url: hooks.url });
    // A change of settings plans all deliveries anew, which must not hurry this one.
    await atlas.settings({ clock_speed: 1000 });
    await delivered(atlas, 1);
    expect(await heldBack(atlas, id)).toBeGreaterThanOrEqual(299);
    expect((await atlas.state()).faults).toMatchObject({ 'webhook-delay': 1 });
  });

  it('comes after the next one of its envelope with webhook-reorder', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-reorder', ms: 60_000 }]);
    const id = await atlas.draft({ webhook_url: hooks.url });
    await atlas.sent({ webhook_url: hooks.url });
    await vi.waitFor(() => expect(hooks.received).toHaveLength(2));
    expect(hooks.received.map(({ body }) => body.envelope_id)).not.toContain(id);
    await atlas.send(id);
    await delivered(atlas, 4);
    const own = hooks.received.filter(({ body }) => body.envelope_id === id).map(({ event }) => event);
    expect(own).toEqual(['envelope.sent', 'envelope.created']);
    expect((await atlas.state()).faults).toMatchObject({ 'webhook-reorder': 1 });
  });

  it('waits for the next one no longer than webhook-reorder says', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-reorder', ms: 200 }]);
    const { envelope_id: id } = await atlas.create({ webhook_url: hooks.url });
    await delivered(atlas, 1);
    expect(await heldBack(atlas, id)).toBeGreaterThanOrEqual(199);
  });

  it('is signed with another key of the organisation with webhook-old-key, at every attempt', async () => {
    const hooks = await aWebhookReceiver((nth) => (nth === 1 ? 401 : 200));
    const keys = ['retired', 'current', 'spare'].map((key) => ({ key, organisation: 'acme' }));
    const settings = { clock_speed: 1_000_000 };
    const atlas = (await anAtlasSandbox({ keys: [{ key: 'x', organisation: 'other' }, ...keys], settings })).as(
      'current',
    );
    await atlas.goWrong([{ kind: 'webhook-old-key' }]);
    await atlas.sent({ webhook_url: hooks.url });
    await vi.waitFor(() => expect(hooks.received).toHaveLength(3));
    const signedWith = hooks.received.map(({ event, raw, signature }) => [
      event,
      keys.find(({ key }) => signatureOf(raw, key) === signature)?.key,
    ]);
    expect(signedWith.sort()).toEqual([
      ['envelope.created', 'retired'],
      ['envelope.created', 'retired'],
      ['envelope.sent', 'current'],
    ]);
  });

  it('is signed with a key that nobody has with webhook-old-key, where there is only one', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'webhook-old-key' }]);
    await atlas.create({ webhook_url: hooks.url });
    await delivered(atlas, 1);
    const [{ raw, signature } = { raw: '', signature: '' }] = hooks.received;
    expect(signature).toBe(signatureOf(raw, `${KEY}-old`));
  });

  it('may be late, doubled and wrongly signed at once', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([
      { kind: 'webhook-old-key' },
      { kind: 'webhook-duplicate' },
      { kind: 'webhook-delay', ms: 150 },
    ]);
    const { envelope_id: id } = await atlas.create({ webhook_url: hooks.url });
    await delivered(atlas, 1);
    expect(await heldBack(atlas, id)).toBeGreaterThanOrEqual(149);
    expect(hooks.received.map(({ raw, signature }) => signature === signatureOf(raw, `${KEY}-old`))).toEqual([
      true,
      true,
    ]);
  });
});

describe('a webhook fault in a header', () => {
  it.each([
    ['webhook-drop', ['envelope.sent']],
    ['webhook-duplicate', ['envelope.created', 'envelope.created', 'envelope.sent']],
    ['webhook-reorder; ms=60000', ['envelope.sent', 'envelope.created']],
    ['webhook-delay; ms=10', ['envelope.created', 'envelope.sent']],
    ['webhook-old-key', ['envelope.created', 'envelope.sent']],
  ])('%s strikes what this call causes, and nothing later', async (header, expected) => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    const parties = [{ email: 'ana@customer.example', role: 'Customer' }];
    const body = { parties, auto_send: false, webhook_url: hooks.url };
    const created = await atlas.call('POST', '/api/templates/tmpl_2/send', body, { 'x-sandbox-fault': header });
    expect(created.status).toBe(201);
    const [kind = ''] = header.split(';');
    expect((await atlas.state()).faults).toMatchObject({ [kind]: 1 });
    if (!/drop|reorder/.test(kind)) await delivered(atlas, 1);
    // No call of the API in between: what the header asked for must have ended with its own call.
    await atlas.call('POST', `/_sandbox/envelopes/${created.body.envelope_id}/review-send`);
    await vi.waitFor(() => expect(hooks.events()).toEqual(expected));
    const wrong = hooks.received.filter(({ raw, signature }) => signature !== signatureOf(raw, KEY));
    expect(wrong).toHaveLength(kind === 'webhook-old-key' ? 1 : 0);
    expect((await atlas.state()).faults).toMatchObject({ [kind]: 1 });
  });
});
