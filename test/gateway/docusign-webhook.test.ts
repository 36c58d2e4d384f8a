import { createHmac } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway, type AGateway } from './a-gateway.js';

const KEYS = ['bmV3LWhtYWMta2V5LW9mLWNvbm5lY3Q=', 'old-hmac-key'];
const [NEW = '', OLD = ''] = KEYS;
const ENVELOPE = 'e1e1e1e1-83c3-4940-af5e-cda8a50dd73f';

const aWorld = () => aGateway({ connectKeys: KEYS });

/** A message as Connect sends it. */
const message = (over: object = {}, data: object = {}) => ({
  event: 'envelope-completed',
  apiVersion: 'v2.1',
  uri: `/restapi/v2.1/accounts/a/envelopes/${ENVELOPE}`,
  retryCount: 0,
  configurationId: 10_000_001,
  generatedDateTime: '2026-10-01T08:00:00.1230000Z',
  data: {
    accountId: 'a',
    userId: 'u',
    envelopeId: ENVELOPE,
    envelopeSummary: {
      status: 'completed',
      sender: { userName: 'Ann Lee', email: 'ann@customer.test' },
      customFields: {
        textCustomFields: [
          { name: 'external_id', value: 'deal-42/r1' },
          { name: 'client_reference_id', value: '42' },
        ],
      },
    },
    ...data,
  },
  ...over,
});

function digest(payload: string | Buffer, key: string): string {
  return createHmac('sha256', key).update(payload).digest('base64');
}

function post(
  gateway: AGateway,
  body: unknown,
  headersFor: (payload: string | Buffer) => Record<string, string | string[]> = (payload) => ({
    'x-docusign-signature-1': digest(payload, NEW),
  }),
): Promise<LightMyRequestResponse> {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return gateway.app.inject({
    method: 'POST',
    url: '/webhooks/docusign',
    payload,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headersFor(payload) },
  });
}

async function counted(gateway: AGateway): Promise<Record<string, number>> {
  const { values } = await gateway.metrics.webhooks.get();
  return Object.fromEntries(
    values.map(({ labels, value }) => [`${labels.provider} ${labels.event} ${labels.result}`, value]),
  );
}

describe('POST /webhooks/docusign', () => {
  it.each([
    ['envelope-sent', 'envelope.sent'],
    ['envelope-completed', 'envelope.signed'],
    ['recipient-completed', 'envelope.signed'],
    ['envelope-declined', 'envelope.declined'],
    ['envelope-voided', 'envelope.voided'],
  ])('hands %s to the deal that its custom fields name, as %s', async (event, known) => {
    const gateway = aWorld();
    const answer = await post(gateway, message({ event }));
    expect([answer.statusCode, answer.json()]).toEqual([200, { result: 'signalled' }]);
    expect(gateway.deals.heard).toEqual([
      {
        event: {
          event: known,
          envelopeId: ENVELOPE,
          receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
          deliveryId: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
        },
        workflowId: 'deal-42',
      },
    ]);
    expect(await counted(gateway)).toEqual({ [`docusign ${known} signalled`]: 1 });
    expect(gateway.log()).not.toMatch(/Ann|customer\.test/);
  });

  it.each([
    ['without custom fields', { envelopeSummary: { status: 'sent' } }],
    ['without a summary', { envelopeSummary: undefined }],
    [
      'with ids of another system',
      { envelopeSummary: { customFields: { textCustomFields: [{ name: 'external_id', value: 'invoice-7' }] } } },
    ],
    ['with custom fields of another shape', { envelopeSummary: { customFields: 'none' } }],
    ['in capitals', { envelopeId: ENVELOPE.toUpperCase(), envelopeSummary: undefined }],
  ])('looks an envelope %s up by its id', async (_what, data) => {
    const gateway = aWorld();
    expect((await post(gateway, message({}, data))).statusCode).toBe(200);
    expect(gateway.deals.heard).toMatchObject([{ event: { envelopeId: ENVELOPE }, workflowId: undefined }]);
  });

  it('knows a message that is sent again, and tells others apart', async () => {
    const gateway = aWorld();
    const all = [
      message(),
      message({ retryCount: 3 }),
      message({ configurationId: '10000001', retryCount: '4' }),
      message({ event: 'recipient-completed' }, { recipientId: '1' }),
      message({ event: 'recipient-completed' }, { recipientId: '2' }),
      message({ generatedDateTime: '2026-10-01T08:00:01Z' }),
      message({ generatedDateTime: undefined }),
      message({ generatedDateTime: undefined, retryCount: 1 }),
    ];
    for (const one of all) expect((await post(gateway, one)).statusCode).toBe(200);
    const ids = gateway.deals.heard.map(({ event }) => event.deliveryId);
    expect([ids[1], ids[2], ids[7]]).toEqual([ids[0], ids[0], ids[6]]);
    expect(new Set(ids).size).toBe(5);
  });

  it.each([
    ['under the old key', (body: string | Buffer) => ({ 'x-docusign-signature-1': digest(body, OLD) })],
    [
      'under one of several keys, whichever place it has',
      (body: string | Buffer) => ({
        'x-docusign-signature-1': digest(body, 'of another account'),
        'x-docusign-signature-2': 'malformed',
        'x-docusign-signature-3': digest(body, NEW),
      }),
    ],
  ])('accepts a signature %s', async (_what, headers) => {
    expect((await post(aWorld(), message(), headers)).statusCode).toBe(200);
  });

  it.each([
    ['under another key', (body: string | Buffer) => ({ 'x-docusign-signature-1': digest(body, 'another') })],
    [
      'under the key as base64',
      (body: string | Buffer) => ({
        'x-docusign-signature-1': createHmac('sha256', Buffer.from(NEW, 'base64')).update(body).digest('base64'),
      }),
    ],
    ['of other bytes', (body: string | Buffer) => ({ 'x-docusign-signature-1': digest(`${body.toString()} `, NEW) })],
    ['that is cut off', (body: string | Buffer) => ({ 'x-docusign-signature-1': digest(body, NEW).slice(0, -4) })],
    ['that is longer', (body: string | Buffer) => ({ 'x-docusign-signature-1': `${digest(body, NEW)}AAAA` })],
    [
      'in hexadecimal',
      (body: string | Buffer) => ({ 'x-docusign-signature-1': createHmac('sha256', NEW).update(body).digest('hex') }),
    ],
    ['under an empty key', (body: string | Buffer) => ({ 'x-docusign-signature-1': digest(body, '') })],
    ['in another header', (body: string | Buffer) => ({ 'x-docusign-signature': digest(body, NEW) })],
    ['that is missing', () => ({})],
  ] as [string, (body: string | Buffer) => Record<string, string>][])(
    'refuses a signature %s, before anything is parsed',
    async (_what, headers) => {
      const gateway = aWorld();
      for (const payload of [JSON.stringify(message()), '{"broken']) {
        const answer = await post(gateway, payload, headers);
        expect(answer.json()).toMatchObject({ status: 401, type: 'urn:countersign:problem:bad-signature' });
      }
      expect(gateway.deals.heard).toEqual([]);
      expect(await counted(gateway)).toEqual({ 'docusign none bad-signature': 2 });
    },
  );

  it('refuses everything while no key is set, also what is signed with none', async () => {
    const gateway = aGateway({ connectKeys: [] });
    const answer = await post(gateway, message(), (body) => ({ 'x-docusign-signature-1': digest(body, '') }));
    expect(answer.statusCode).toBe(401);
  });

  it.each([
    ['malformed JSON', '{"event": '],
    ['an empty body', ''],
    ['a list', '[]'],
    ['XML', '<DocuSignEnvelopeInformation/>'],
    ['no event', JSON.stringify(message({ event: undefined }))],
    ['no data', JSON.stringify(message({ data: undefined }))],
    ['no envelope', JSON.stringify(message({}, { envelopeId: undefined }))],
    ['an envelope that can be none', JSON.stringify(message({}, { envelopeId: '../../x' }))],
  ])('refuses %s although it is signed', async (_what, body) => {
    const gateway = aWorld();
    expect((await post(gateway, body)).json()).toMatchObject({
      status: 400,
      type: 'urn:countersign:problem:malformed-event',
    });
    expect(gateway.deals.heard).toEqual([]);
  });

  it('takes documents along that nobody asked for, up to 1 MiB', async () => {
    const gateway = aWorld();
    const withPdf = (bytes: number) =>
      message(
        {},
        {
          envelopeSummary: { ...message().data.envelopeSummary, envelopeDocuments: [{ PDFBytes: 'A'.repeat(bytes) }] },
        },
      );
    expect((await post(gateway, withPdf(1_000_000))).statusCode).toBe(200);
    expect((await post(gateway, withPdf(1024 * 1024))).statusCode).toBe(413);
    expect(gateway.deals.heard).toMatchObject([{ workflowId: 'deal-42' }]);
  });

  it.each([
    ['envelope-delivered', {}, 'envelope-delivered'],
    ['recipient-sent', {}, 'recipient-sent'],
    ['template-created', { envelopeId: undefined, templateId: 't' }, 'other'],
    ['toString', {}, 'other'],
    ['envelope.signed', { envelopeId: undefined }, 'other'],
  ])('acknowledges %s without troubling the deal', async (event, data, label) => {
    const gateway = aWorld();
    const answer = await post(gateway, message({ event }, data));
    expect([answer.statusCode, answer.json(), gateway.deals.heard]).toEqual([200, { result: 'ignored' }, []]);
    expect(await counted(gateway)).toEqual({ [`docusign ${label} ignored`]: 1 });
  });

  it('acknowledges an event for a deal that has ended, refuses one for no deal, and leaves it with DocuSign while Temporal is away', async () => {
    const gateway = aWorld();
    gateway.deals.answers.hear = () => 'ended';
    expect((await post(gateway, message())).json()).toEqual({ result: 'ended' });
    gateway.deals.answers.hear = () => 'unknown';
    expect((await post(gateway, message())).statusCode).toBe(404);
    gateway.deals.answers.hear = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    expect((await post(gateway, message())).statusCode).toBe(503);
    expect(await counted(gateway)).toEqual({
      'docusign envelope.signed ended': 1,
      'docusign envelope.signed unknown': 1,
      'docusign envelope.signed unavailable': 1,
    });
  });

  it('is not there while DocuSign is not set up', async () => {
    expect((await post(aGateway(), message())).statusCode).toBe(404);
    const [without, within] = [aGateway(), aWorld()].map((gateway) => gateway.app.inject('/openapi.json'));
    expect(Object.keys((await without)?.json<{ paths: object }>().paths ?? {})).not.toContain('/webhooks/docusign');
    expect(Object.keys((await within)?.json<{ paths: object }>().paths ?? {})).toContain('/webhooks/docusign');
  });

  it('answers random bytes under random signatures with a plain no, and anything that is signed with 200 or 400', async () => {
    const gateway = aWorld();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1000 }).map((all) => Buffer.from(all)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc
        .record({ event: fc.oneof(fc.constant('envelope-sent'), fc.string()), data: fc.jsonValue() })
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.stringMatching(/^[\x21-\x7e]{1,80}$/), async (body, signature) => {
        expect((await post(gateway, body, () => ({ 'x-docusign-signature-1': signature }))).statusCode).toBe(401);
        expect([200, 400]).toContain((await post(gateway, body)).statusCode);
      }),
      { numRuns: 150 },
    );
    expect(gateway.deals.heard).toEqual([]);
  });
});
