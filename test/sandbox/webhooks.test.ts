import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { signatureOf } from '../../src/sandbox/webhooks.js';
import { anAtlasSandbox, aWebhookReceiver, KEY } from './an-atlas-sandbox.js';

describe('the signature of a webhook', () => {
  it('is the one of the known test vector', () => {
    const body = '{"event":"envelope.signed","envelope_id":"e1"}';
    expect(Buffer.byteLength(body)).toBe(46);
    expect(signatureOf(body, 'test_key')).toBe(
      'sha256=a625774030d15cbe2263c83986842397a2029b07a43c25adc0097583826b5bde',
    );
  });

  it('covers the exact bytes, keyed by the API key that created the envelope', async () => {
    const hooks = await aWebhookReceiver();
    const keys = ['old-key', 'new-key'].map((key) => ({ key, organisation: 'acme' }));
    const atlas = await anAtlasSandbox({ keys });
    const id = await atlas.as('old-key').draft({ webhook_url: hooks.url, metadata: { name: 'Łódź ✓' } });
    await atlas.as('new-key').send(id);
    await vi.waitFor(() => expect(hooks.received).toHaveLength(2));
    for (const { raw, signature } of hooks.received) {
      expect(signature).toBe(`sha256=${createHmac('sha256', 'old-key').update(raw).digest('hex')}`);
    }
  });
});

describe('webhooks', () => {
  it('tell the story of an envelope, with its parties and metadata in compact JSON', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    const metadata = { external_id: 'deal-1', client_reference_id: 'r1' };
    const id = await atlas.signed({ webhook_url: hooks.url, metadata });
    await vi.waitFor(() => expect(hooks.received).toHaveLength(5));
    expect(hooks.events().sort()).toEqual([
      'envelope.created',
      'envelope.sent',
      'envelope.signed',
      'envelope.viewed',
      'envelope.viewed',
    ]);
    for (const { raw, body, signature } of hooks.received) {
      expect(body).toMatchObject({ envelope_id: id, metadata, parties: [{ email: 'ana@customer.example' }, {}] });
      expect(raw.toString('utf8')).toBe(JSON.stringify(body));
      expect(signature).toBe(signatureOf(raw, KEY));
    }
  });

  it('tell of a decline and of a void', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    const declined = await atlas.sent({ webhook_url: hooks.url });
    await atlas.call('POST', `/_sandbox/envelopes/${declined}/decline`, { reason: 'no' });
    const voided = await atlas.sent({ webhook_url: hooks.url });
    await atlas.call('POST', `/api/envelope/${voided}/void`);
    await vi.waitFor(() => {
      const ends = hooks.received.map(({ body }) => `${body.event} ${body.envelope_id}`);
      expect(ends).toEqual(expect.arrayContaining([`envelope.declined ${declined}`, `envelope.voided ${voided}`]));
    });
  });

  it('tell of each signature, and carry an event id, when they are set to', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox({ settings: { signed_event: 'each', webhook_event_id: true } });
    await atlas.signed({ webhook_url: hooks.url });
    await vi.waitFor(() => expect(hooks.events().filter((event) => event === 'envelope.signed')).toHaveLength(2));
    const ids = hooks.received.map(({ raw }) => /"event_id":"([^"]+)"/.exec(raw.toString())?.[1]);
    expect(new Set(ids).size).toBe(hooks.received.length);
    expect(ids).not.toContain(undefined);
  });

  it('are tried again after 1, 5, 30 and 120 minutes of the sandbox clock, until a 2xx', async () => {
    const hooks = await aWebhookReceiver((nth) => (nth < 5 ? 503 : 204));
    // A minute of the vendor's passes in 1 ms, so the last wait is 120 ms.
    const atlas = await anAtlasSandbox({ settings: { clock_speed: 60_000 } });
    const { envelope_id: id } = await atlas.create({ webhook_url: hooks.url });
    const [delivery] = await vi.waitFor(async () => {
      const { deliveries } = await atlas.record(id);
      expect(deliveries[0]?.state).toBe('delivered');
      return deliveries;
    });
    expect(delivery?.attempts.map((attempt) => attempt.status)).toEqual([503, 503, 503, 503, 204]);
    const times = delivery?.attempts.map((attempt) => Date.parse(attempt.at)) ?? [];
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, minutes] of [1, 5, 30, 120].entries()) expect(waits[index]).toBeGreaterThanOrEqual(minutes - 1);
    expect(new Set(hooks.received.map(({ raw }) => raw.toString())).size).toBe(1);
    expect(new Set(hooks.received.map(({ signature }) => signature)).size).toBe(1);
  });

  it('are given up after the fifth failure', async () => {
    const hooks = await aWebhookReceiver(() => 500);
    const atlas = await anAtlasSandbox({ settings: { clock_speed: 1_000_000 } });
    await atlas.create({ webhook_url: hooks.url });
    await vi.waitFor(async () => expect(await atlas.state()).toMatchObject({ deliveries: { failed: 1 }, attempts: 5 }));
    expect(hooks.received).toHaveLength(5);
  });

  it('wait their minute at real speed, and hurry up when the clock is sped up meanwhile', async () => {
    const hooks = await aWebhookReceiver((nth) => (nth === 1 ? 500 : 200));
    const atlas = await anAtlasSandbox();
    await atlas.create({ webhook_url: hooks.url });
    await vi.waitFor(async () => expect((await atlas.state()).attempts).toBe(1));
    expect((await atlas.state()).deliveries).toMatchObject({ pending: 1 });
    await atlas.settings({ clock_speed: 60_000 });
    await vi.waitFor(async () => expect((await atlas.state()).deliveries).toMatchObject({ delivered: 1 }));
  });

  it('count a receiver that is too slow, or redirects, as failed', async () => {
    const slow = await aWebhookReceiver(() => new Promise(() => undefined));
    const redirecting = await aWebhookReceiver(() => 307);
    const atlas = await anAtlasSandbox({ settings: { webhook_timeout_ms: 50 } });
    await atlas.create({ webhook_url: slow.url });
    await atlas.create({ webhook_url: redirecting.url });
    await vi.waitFor(async () => expect((await atlas.state()).attempts).toBe(2));
    expect((await atlas.state()).deliveries).toMatchObject({ pending: 2, delivered: 0 });
  });

  it('can be dropped, and can be flushed', async () => {
    let up = false;
    const hooks = await aWebhookReceiver(() => (up ? 200 : 503));
    const atlas = await anAtlasSandbox({ settings: { drop_webhooks: true } });
    const id = await atlas.draft({ webhook_url: hooks.url });
    await atlas.settings({ drop_webhooks: false });
    await atlas.send(id);
    await vi.waitFor(async () => expect((await atlas.state()).attempts).toBe(1));
    up = true;
    const flushed = await atlas.call('POST', '/_sandbox/webhooks/flush');
    expect(JSON.parse(flushed.text)).toEqual({ attempted: 1, delivered: 1 });
    expect(await atlas.state()).toMatchObject({ deliveries: { dropped: 1, delivered: 1, pending: 0 } });
    expect(hooks.events()).toEqual(['envelope.sent', 'envelope.sent']);
  });
});
