import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { answering } from '../support/answering.js';
import { aPdf } from './documents.js';
import { aClient, type Client } from './docusign-client.js';

const EVENTS = [
  'envelope-sent',
  'envelope-delivered',
  'envelope-completed',
  'envelope-declined',
  'envelope-voided',
  'recipient-sent',
  'recipient-completed',
  'recipient-declined',
];
const PATIENTLY = { timeout: 20_000 };
const KEYS = ['bmV3LWtleQ==', 'b2xkLWtleQ=='];

interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
  json: Record<string, unknown>;
}

interface Receiver {
  url: string;
  received: Received[];
  /** The status of the next answers; null hangs up. The last one stays. */
  answers: (number | null)[];
}

async function aReceiver(): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], answers: [200] };
  receiver.url = await answering((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
      const json = isJson ? (JSON.parse(body.toString()) as Record<string, unknown>) : {};
      receiver.received.push({ headers: request.headers, body, json });
      const status = (receiver.answers.length > 1 ? receiver.answers.shift() : receiver.answers[0]) ?? null;
      if (status === null) response.destroy();
      else response.writeHead(status).end();
    });
  });
  return receiver;
}

let pdf: string;
beforeAll(async () => {
  pdf = (await aPdf(1)).toString('base64');
});

interface Scene {
  client: Client;
  receiver: Receiver;
  id: string;
  events: () => unknown[];
}

async function aSentEnvelope(
  settings: Record<string, unknown> = {},
  notification: Record<string, unknown> = {},
  faults: Record<string, unknown>[] = [],
): Promise<Scene> {
  const client = await aClient({ settings: { connect_keys: KEYS, ...settings } });
  const receiver = await aReceiver();
  for (const fault of faults) await client.control('POST', '/faults', fault);
  const id = await client.create({
    status: 'sent',
    emailSubject: 'Please sign',
    documents: [{ documentId: '1', name: 'a.pdf', documentBase64: pdf }],
    recipients: { signers: [{ recipientId: '1', name: 'A', email: 'a@example.com' }] },
    customFields: { textCustomFields: [{ name: 'external_id', value: 'deal-1' }] },
    transactionId: '22222222-2222-4222-8222-222222222222',
    eventNotification: {
      url: `${receiver.url}/webhooks/docusign`,
      deliveryMode: 'SIM',
      events: EVENTS,
      includeHMAC: 'true',
      requireAcknowledgment: 'true',
      eventData: { version: 'restv2.1', format: 'json', includeData: ['custom_fields', 'recipients'] },
      ...notification,
    },
  });
  const events = () => receiver.received.map(({ json }) => json['event']);
  return { client, receiver, id, events };
}

describe('Connect', () => {
  it('tells what was subscribed to, in order, with what was asked for', async () => {
    const { client, receiver, id, events } = await aSentEnvelope();
    await client.control('POST', `/envelopes/${id}/sign`);
    await client.sandbox.connect.settled();
    expect(events()).toEqual([
      'envelope-sent',
      'recipient-sent',
      'envelope-delivered',
      'recipient-completed',
      'envelope-completed',
    ]);
    const [first, second] = receiver.received.map(({ json }) => json);
    expect(first).toMatchObject({
      apiVersion: 'v2.1',
      uri: `/restapi/v2.1/accounts/${client.accountId}/envelopes/${id}`,
      retryCount: 0,
      configurationId: expect.any(Number) as number,
      generatedDateTime: expect.stringMatching(/Z$/) as string,
      data: {
        accountId: client.accountId,
        envelopeId: id,
        envelopeSummary: {
          status: 'sent',
          transactionId: '22222222-2222-4222-8222-222222222222',
          customFields: { textCustomFields: [{ name: 'external_id', value: 'deal-1' }] },
          recipients: { signers: [{ recipientId: '1' }] },
        },
      },
    });
    expect(second).toMatchObject({ data: { recipientId: '1' } });
    expect(client.sandbox.state()).toMatchObject({ connect: { delivered: 5, pending: 0 } });
  });

  it('signs the bytes with every key', async () => {
    const { client, receiver } = await aSentEnvelope();
    await client.sandbox.connect.settled();
    const { headers, body }: Pick<Received, 'headers' | 'body'> = receiver.received[0] ?? {
      headers: {},
      body: Buffer.alloc(0),
    };
    for (const [index, key] of KEYS.entries()) {
      const expected = createHmac('sha256', key).update(body).digest('base64');
      expect(headers[`x-docusign-signature-${index + 1}`]).toBe(expected);
    }
    expect(headers).toMatchObject({
      'x-authorization-digest': 'HMACSHA256',
      'x-docusign-accountid': client.accountId,
    });
    expect(headers).not.toHaveProperty('x-docusign-signature-3');
  });

  it.each<[string, Record<string, unknown>, (received: Received) => void]>([
    [
      'no data where none is asked for',
      { eventData: { version: 'restv2.1' } },
      ({ json }) => expect(json['data']).not.toHaveProperty('envelopeSummary'),
    ],
    [
      'no signature unless it is asked for',
      { includeHMAC: 'false' },
      ({ headers }) => expect(headers).not.toHaveProperty('x-docusign-signature-1'),
    ],
    [
      'XML without restv2.1',
      { eventData: {} },
      ({ body }) => expect(body.toString()).toContain('<DocuSignEnvelopeInformation>'),
    ],
  ])('sends %s', async (_what, notification, check) => {
    const { client, receiver } = await aSentEnvelope({}, notification);
    await client.sandbox.connect.settled();
    expect(receiver.received).toHaveLength(2);
    for (const received of receiver.received) check(received);
  });

  it('sends nothing that nobody subscribed to, but what a tester makes it send', async () => {
    const { client, id, events } = await aSentEnvelope({}, { events: ['envelope-completed'] });
    await client.control('POST', '/connect/send', { envelopeId: id, event: 'envelope-of-the-future' });
    await client.sandbox.connect.settled();
    expect(events()).toEqual(['envelope-of-the-future']);
  });

  it('needs an address, and https by a switch', async () => {
    const client = await aClient({ settings: { connect_https_only: true } });
    for (const url of ['', 'http://127.0.0.1:1/']) {
      const refused = await client.call('POST', '/envelopes', { eventNotification: { url, events: [] } });
      expect(refused).toMatchObject({ status: 400, body: { errorCode: 'INVALID_REQUEST_PARAMETER' } });
    }
  });
});

describe('a delivery that fails', () => {
  it('is tried again with its count, before what comes after it', async () => {
    const { client, receiver, events } = await aSentEnvelope({
      connect_speed: 10_000_000,
      connect_generated: 'fresh',
    });
    receiver.answers = [500, null, 200];
    await client.sandbox.connect.settled();
    expect(events()).toEqual(['envelope-sent', 'envelope-sent', 'envelope-sent', 'recipient-sent']);
    expect(receiver.received.map(({ json }) => json['retryCount'])).toEqual([0, 1, 2, 0]);
    expect(client.sandbox.connect.messages[0]).toMatchObject({
      state: 'delivered',
      attempts: [{ status: 500 }, { status: null }, { status: 200 }],
    });
  });

  it.each([
    ['without acknowledgement', {}, { requireAcknowledgment: 'false' }],
    ['without retries', { connect_retry: 'none' }, {}],
  ])('is lost %s', async (_what, settings, notification) => {
    const { client, receiver } = await aSentEnvelope(settings, notification);
    receiver.answers = [500];
    await client.sandbox.connect.settled();
    expect(receiver.received).toHaveLength(2);
    expect(client.sandbox.state()).toMatchObject({ connect: { failed: 2 } });
  });

  it('waits a day, unless it is flushed, and does not keep the stand-in from stopping', async () => {
    const { client, receiver } = await aSentEnvelope();
    receiver.answers = [500, 200];
    await vi.waitFor(() => expect(client.sandbox.connect.messages[0]?.attempts).toHaveLength(1), PATIENTLY);
    await vi.waitFor(async () => {
      await client.control('POST', '/connect/flush');
      expect(client.sandbox.state()).toMatchObject({ connect: { delivered: 2 } });
    }, PATIENTLY);
    receiver.answers = [500];
    await client.control('POST', `/envelopes/${client.sandbox.envelopes.list()[0]?.envelopeId}/sign`);
    await vi.waitFor(() => expect(client.sandbox.connect.messages[2]?.attempts).toHaveLength(1), PATIENTLY);
    await client.sandbox.stop();
    expect(client.sandbox.state()).toMatchObject({ connect: { pending: 3 } });
  });
});

describe('a fault of Connect', () => {
  const isSigned = ({ headers, body }: Received): boolean =>
    headers['x-docusign-signature-1'] ===
    createHmac('sha256', KEYS[0] ?? '')
      .update(body)
      .digest('base64');

  it('drops, duplicates, reorders', async () => {
    const scene = await aSentEnvelope({}, {}, [
      { kind: 'connect-drop', event: 'envelope-delivered' },
      { kind: 'connect-duplicate', event: 'envelope-sent' },
      { kind: 'connect-reorder', event: 'recipient-completed', ms: 60_000 },
    ]);
    await scene.client.control('POST', `/envelopes/${scene.id}/sign`);
    await scene.client.sandbox.connect.settled();
    expect(scene.events()).toEqual([
      'envelope-sent',
      'envelope-sent',
      'recipient-sent',
      'envelope-completed',
      'recipient-completed',
    ]);
    expect(scene.client.sandbox.state()).toMatchObject({
      connect: { dropped: 1 },
      faults: { 'connect-drop': 1, 'connect-duplicate': 1, 'connect-reorder': 1 },
    });
  });

  it.each(['connect-wrong-key', 'connect-tampered', 'connect-unsigned'])(
    '%s makes signatures worthless',
    async (kind) => {
      const { client, receiver } = await aSentEnvelope({}, {}, [{ kind, event: 'envelope-sent' }]);
      await client.sandbox.connect.settled();
      expect(receiver.received.map(isSigned)).toEqual([false, true]);
    },
  );
});
