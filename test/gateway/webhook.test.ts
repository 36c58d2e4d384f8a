import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway, ATLAS_KEY, NO_LIMITS, OLD_ATLAS_KEY, signatureOf } from './a-gateway.js';

const signed = (over: object = {}) => ({
  event: 'envelope.signed',
  envelope_id: 'env-1',
  parties: [{ email: 'ada@customer.example' }],
  metadata: { external_id: 'deal-42/r1', client_reference_id: '42' },
  ...over,
});

async function counted(gateway: ReturnType<typeof aGateway>): Promise<Record<string, number>> {
  const { values } = await gateway.metrics.webhooks.get();
  return Object.fromEntries(values.map(({ labels, value }) => [`${labels.event} ${labels.result}`, value]));
}

describe('POST /webhooks/atlas', () => {
  it('hands the event to the deal that its metadata names', async () => {
    const gateway = aGateway();
    const body = JSON.stringify(signed());
    const answer = await gateway.webhook(body);
    expect([answer.statusCode, answer.json()]).toEqual([200, { result: 'signalled' }]);
    expect(gateway.deals.heard).toEqual([
      {
        event: {
          event: 'envelope.signed',
          envelopeId: 'env-1',
          receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
          deliveryId: createHash('sha256').update(body).digest('hex').slice(0, 32),
        },
        workflowId: 'deal-42',
      },
    ]);
    expect(await counted(gateway)).toEqual({ 'envelope.signed signalled': 1 });
  });

  it.each([
    ['without metadata', undefined],
    ['with metadata of another system', { external_id: 'invoice-7' }],
    ['with a workflow id that no deal has', { external_id: 'deal-4 2/r1' }],
    ['with metadata of another shape', 'none'],
  ])('looks an event %s up by its envelope', async (_what, metadata) => {
    const gateway = aGateway();
    expect((await gateway.webhook(signed({ metadata }))).statusCode).toBe(200);
    expect(gateway.deals.heard).toMatchObject([{ event: { envelopeId: 'env-1' }, workflowId: undefined }]);
  });

  it('accepts a signature under a key from before a rotation', async () => {
    const gateway = aGateway();
    expect((await gateway.webhook(signed(), OLD_ATLAS_KEY)).statusCode).toBe(200);
  });

  it.each([
    ['under another key', signatureOf(JSON.stringify(signed()), 'another-key')],
    ['of other bytes', signatureOf(`${JSON.stringify(signed())} `)],
    ['that is cut off', signatureOf(JSON.stringify(signed())).slice(0, -2)],
    ['that is missing', undefined],
  ])('refuses a signature %s, before anything is parsed', async (_what, signature) => {
    const gateway = aGateway();
    for (const payload of [JSON.stringify(signed()), '{"broken']) {
      const answer = await gateway.app.inject({
        method: 'POST',
        url: '/webhooks/atlas',
        payload,
        headers: {
          'content-type': 'application/json',
          ...(signature !== undefined && { 'x-atlas-signature': signature }),
        },
      });
      expect(answer.json()).toMatchObject({ status: 401, type: 'urn:countersign:problem:bad-signature' });
    }
    expect(gateway.deals.heard).toEqual([]);
    expect(await counted(gateway)).toEqual({ 'none bad-signature': 2 });
  });

  it.each([
    ['malformed JSON', '{"event": '],
    ['an empty body', ''],
    ['a list', '[]'],
    ['no event', JSON.stringify(signed({ event: undefined }))],
    ['no envelope', JSON.stringify(signed({ envelope_id: undefined }))],
  ])('refuses %s although it is signed', async (_what, body) => {
    const gateway = aGateway();
    expect((await gateway.webhook(body)).json()).toMatchObject({
      status: 400,
      type: 'urn:countersign:problem:malformed-event',
    });
    expect(gateway.deals.heard).toEqual([]);
  });

  it('takes any content type, since the signature covers the bytes', async () => {
    const gateway = aGateway();
    const payload = JSON.stringify(signed());
    for (const type of ['text/plain', 'application/octet-stream', 'application/vnd.atlas+json']) {
      const answer = await gateway.app.inject({
        method: 'POST',
        url: '/webhooks/atlas',
        payload,
        headers: { 'content-type': type, 'x-atlas-signature': signatureOf(payload) },
      });
      expect(answer.statusCode).toBe(200);
    }
    expect(gateway.deals.heard).toHaveLength(3);
  });

  it('refuses a body over 1 MiB', async () => {
    const gateway = aGateway();
    const answer = await gateway.webhook(signed({ padding: 'x'.repeat(1024 * 1024) }));
    expect([answer.statusCode, gateway.deals.heard]).toEqual([413, []]);
  });

  it.each(['envelope.created', 'envelope.viewed', 'contract.extracted', 'envelope.teleported'])(
    'acknowledges %s without troubling the deal',
    async (event) => {
      const gateway = aGateway();
      const answer = await gateway.webhook(signed({ event }));
      expect([answer.statusCode, answer.json(), gateway.deals.heard]).toEqual([200, { result: 'ignored' }, []]);
      expect(await counted(gateway)).toEqual({ [`${event === 'envelope.teleported' ? 'other' : event} ignored`]: 1 });
    },
  );

  it('acknowledges an event for a deal that has ended', async () => {
    const gateway = aGateway();
    gateway.deals.answers.hear = () => 'ended';
    const answer = await gateway.webhook(signed());
    expect([answer.statusCode, answer.json()]).toEqual([200, { result: 'ended' }]);
  });

  it('refuses an envelope of no known deal, and logs and counts it', async () => {
    const gateway = aGateway();
    gateway.deals.answers.hear = () => 'unknown';
    expect((await gateway.webhook(signed())).json()).toMatchObject({ status: 404 });
    expect(gateway.log()).toContain('webhook for an envelope of no known deal');
    expect(await counted(gateway)).toEqual({ 'envelope.signed unknown': 1 });
  });

  it('leaves the event with the sender while Temporal is away', async () => {
    const gateway = aGateway();
    gateway.deals.answers.hear = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    expect((await gateway.webhook(signed())).statusCode).toBe(503);
    expect(await counted(gateway)).toEqual({ 'envelope.signed unavailable': 1 });
  });

  it('answers random bytes with a plain no and never signals', async () => {
    const gateway = aGateway({ limits: NO_LIMITS });
    const header = fc.oneof(
      fc.constant(undefined),
      fc.stringMatching(/^[\x21-\x7e]{0,80}$/),
      fc.stringMatching(/^sha256=[0-9a-f]{64}$/),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, header, async (body, signature) => {
        const answer = await gateway.app.inject({
          method: 'POST',
          url: '/webhooks/atlas',
          payload: Buffer.from(body),
          headers: signature === undefined ? {} : { 'x-atlas-signature': signature },
        });
        expect(answer.statusCode).toBe(401);
      }),
      { numRuns: 200 },
    );
    expect(gateway.deals.heard).toEqual([]);
  });

  it('answers anything that is signed with 200 or 400, and signals only events that move deals', async () => {
    const gateway = aGateway();
    const almost = fc.record(
      {
        event: fc.oneof(fc.constantFrom('envelope.signed', 'envelope.viewed'), fc.string(), fc.integer()),
        envelope_id: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        metadata: fc.oneof(fc.jsonValue(), fc.record({ external_id: fc.string() })),
        data: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      fc.oneof(almost, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const { statusCode } = await gateway.webhook(bytes, ATLAS_KEY);
        expect([200, 400]).toContain(statusCode);
      }),
      { numRuns: 300, examples: [[Buffer.from(JSON.stringify(signed()))]] },
    );
    expect(new Set(gateway.deals.heard.map(({ event }) => event.event))).toEqual(new Set(['envelope.signed']));
  });
});
