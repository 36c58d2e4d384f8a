import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Signature } from '@hubspot/api-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHubSpotNotifications } from '../../src/crm/hubspot/notifications.js';
import { BadNotification, type NotificationRequest } from '../../src/crm/intake.js';
import type { Delivery } from '../../src/sandbox/hubspot/webhooks.js';
import { aHubSpotAccount, MAPPING, TRIGGER, type TestAccount } from './hubspot-account.js';

const SECRET = 'the client secret of an app';
const URL = 'https://countersign.example.com/crm/hubspot';
const notifications = createHubSpotNotifications(SECRET, MAPPING);

/** Signed by HubSpot's own SDK. */
function aNotification(events: unknown, changes: Partial<NotificationRequest & { at: number; signed: string }> = {}) {
  const { at = Date.now(), url = URL, signed = url, method = 'POST' } = changes;
  const requestBody = typeof events === 'string' ? events : JSON.stringify(events);
  const signature = Signature.getSignature(method, 'v3', {
    clientSecret: SECRET,
    url: signed,
    requestBody,
    timestamp: at,
    signature: '',
  });
  const headers = { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(at) };
  return { method, url, headers, body: Buffer.from(requestBody), ...changes } satisfies NotificationRequest & object;
}

const moved = (objectId: number, propertyValue = TRIGGER, more = {}) => ({
  eventId: 1,
  subscriptionId: 12345,
  portalId: 62515,
  occurredAt: 1,
  subscriptionType: 'deal.propertyChange',
  attemptNumber: 0,
  objectId,
  changeSource: 'CRM',
  propertyName: 'dealstage',
  propertyValue,
  ...more,
});

describe('signatures', () => {
  it.each([
    ['a plain address', URL, URL],
    ['a query', `${URL}?a=1&b=2`, `${URL}?a=1&b=2`],
    ['escapes that HubSpot signs decoded', `${URL}?q=%3A%2f%3F%40%21%24%27%28%29%2A%2C%3B`, `${URL}?q=:/?@!$'()*,;`],
    ['escapes that it signs as they are', `${URL}?q=%20%26%C3%BC%25`, `${URL}?q=%20%26%C3%BC%25`],
  ])('are taken for %s', (_case, url, signed) => {
    expect(notifications.read(aNotification([moved(1)], { url, signed }))).toEqual(['1']);
  });

  it('cover the bytes of the body, whatever they are', () => {
    const body = ` [ ${JSON.stringify(moved(7, TRIGGER, { note: 'Größe ✓' }))} ]\n`;
    expect(notifications.read(aNotification(body))).toEqual(['7']);
  });

  const good = aNotification([moved(1)]);
  it.each<[string, Partial<NotificationRequest>]>([
    ['another body', { body: Buffer.from('[]') }],
    ['another address', { url: `${URL}/` }],
    ['another method', { method: 'PUT' }],
    ['no signature', { headers: { ...good.headers, 'x-hubspot-signature-v3': undefined } }],
    ['an empty signature', { headers: { ...good.headers, 'x-hubspot-signature-v3': '' } }],
    ['no time', { headers: { 'x-hubspot-signature-v3': good.headers['x-hubspot-signature-v3'] } }],
    ['a time that is none', { headers: { ...good.headers, 'x-hubspot-request-timestamp': 'NaN' } }],
    [
      'only a signature of version 1',
      { headers: { 'x-hubspot-signature': 'abc', 'x-hubspot-signature-version': 'v1' } },
    ],
  ])('are refused for %s', (_case, changes) => {
    expect(() => notifications.read({ ...good, ...changes })).toThrow(BadNotification);
    expect(kindOf({ ...good, ...changes })).toBe('bad-signature');
  });

  it('are refused under another secret', () => {
    const at = Date.now();
    const forged = createHmac('sha256', 'another').update(`POST${URL}[]${at}`).digest('base64');
    const headers = { 'x-hubspot-signature-v3': forged, 'x-hubspot-request-timestamp': String(at) };
    expect(kindOf({ method: 'POST', url: URL, headers, body: Buffer.from('[]') })).toBe('bad-signature');
  });

  it.each([
    [-299_000, 'taken'],
    [299_000, 'taken'],
    [-301_000, 'bad-signature'],
    [301_000, 'bad-signature'],
  ])('made %i ms from now are %s', (ms, outcome) => {
    expect(kindOf(aNotification([moved(1)], { at: Date.now() + ms }))).toBe(outcome);
  });

  function kindOf(request: NotificationRequest): string {
    try {
      notifications.read(request);
      return 'taken';
    } catch (error) {
      return error instanceof BadNotification ? error.kind : String(error);
    }
  }

  it('tell what to look at, and show no secret', () => {
    const read = () => notifications.read({ ...good, url: 'https://elsewhere.example/' });
    expect(read).toThrow('PUBLIC_URL');
    expect(read).not.toThrow(SECRET);
  });
});

describe('batches', () => {
  const read = (...events: unknown[]) => notifications.read(aNotification(events));

  it('name each deal once, in the order they came', () => {
    expect(read(moved(3), moved(1), moved(3), moved(2, 'closedlost'))).toEqual(['3', '1', '2']);
  });

  it('may hold a hundred events, and none', () => {
    expect(read(...Array.from({ length: 100 }, (_, index) => moved(index + 1)))).toHaveLength(100);
    expect(read()).toEqual([]);
  });

  it.each([
    ['a stage that matters to nobody', moved(1, 'qualified')],
    ['a stage that was cleared', moved(1, '')],
    ['another property', moved(1, TRIGGER, { propertyName: 'amount' })],
    ['another object', moved(1, TRIGGER, { subscriptionType: 'contact.propertyChange' })],
    [
      'another object, told generically',
      moved(1, TRIGGER, { subscriptionType: 'object.propertyChange', objectTypeId: '0-1' }),
    ],
    ['a kind of event that is not known', { subscriptionType: 'deal.somethingNew', strange: [true] }],
    ['a kind of another form', { subscriptionType: 'conversation.newMessage', messageId: 'x' }],
    ['a changed association', { subscriptionType: 'deal.associationChange', fromObjectId: 1, toObjectId: 2 }],
  ])('leave %s aside', (_case, event) => {
    expect(read(event, moved(9))).toEqual(['9']);
  });

  it.each([
    ['told generically', moved(1, TRIGGER, { subscriptionType: 'object.propertyChange', objectTypeId: '0-3' }), ['1']],
    ['to be done again', moved(1, '2', { propertyName: 'contract_round' }), ['1']],
    ['deleted', { subscriptionType: 'deal.deletion', objectId: 1, changeFlag: 'DELETED' }, ['1']],
    ['deleted, told generically', { subscriptionType: 'object.deletion', objectTypeId: '0-3', objectId: 1 }, ['1']],
    ['made in its stage', { subscriptionType: 'deal.creation', objectId: 1 }, ['1']],
    ['restored', { subscriptionType: 'deal.restore', objectId: 1 }, ['1']],
    ['merged', { subscriptionType: 'deal.merge', primaryObjectId: 1, mergedObjectIds: [2, 3] }, ['1', '2', '3']],
    ['with an id in text', moved(1, TRIGGER, { objectId: '77' }), ['77']],
  ])('name a deal that is %s', (_case, event, dealIds) => {
    expect(read(event)).toEqual(dealIds);
  });

  it.each(['', 'null', '{}', '[1]', '[{"objectId":1}]', '[{"subscriptionType":"deal.deletion","objectId":"../x"}]'])(
    'are malformed when they hold %s',
    (body) => {
      expect(() => notifications.read(aNotification(body))).toThrow(
        expect.objectContaining({ name: 'BadNotification', kind: 'malformed' }),
      );
    },
  );

  it('are acknowledged with nothing', () => {
    expect(notifications.acknowledgement.body).toBe('');
  });
});

describe('as HubSpot sends them', () => {
  let hubspot: TestAccount;
  let gateway: Awaited<ReturnType<typeof aGateway>>;

  beforeEach(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    hubspot = await aHubSpotAccount();
    gateway = await aGateway();
  });
  afterEach(async () => {
    await hubspot.close();
    await gateway.close();
    vi.unstubAllEnvs();
  });

  /** Takes notifications at an address of its own, and answers those first that `answers` holds. */
  async function aGateway() {
    const taken: string[][] = [];
    const answers: number[] = [];
    let url = '';
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', headers, url: path = '' } = request;
        const given = answers.shift();
        if (given !== undefined) return void response.writeHead(given).end();
        try {
          taken.push(notifications.read({ method, url: `${url}${path}`, headers, body: Buffer.concat(chunks) }));
          response.writeHead(200).end(notifications.acknowledgement.body);
        } catch {
          response.writeHead(401).end();
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    return {
      url: `${url}/crm/hubspot?from=%40hubspot`,
      taken,
      answers,
      close: () => new Promise((closed) => server.close(closed)),
    };
  }

  function subscribe(way: Delivery, more: { generic?: boolean; clientSecret?: string } = {}) {
    hubspot.webhooks.subscribe({ url: gateway.url, clientSecret: SECRET, ...more }, way);
  }

  it.each([false, true])('name the deals that moved (generic: %s)', async (generic) => {
    subscribe({}, { generic });
    const deals = [hubspot.aDeal(), hubspot.aDeal()];
    await hubspot.webhooks.settled();
    expect(gateway.taken).toEqual([deals]);
  });

  it('come twice, backwards and late, and name the same deals', async () => {
    subscribe({ twice: true, backwards: true, delayMs: 30 });
    const deals = [hubspot.aDeal(), hubspot.aDeal(), hubspot.aDeal()];
    await hubspot.webhooks.settled();
    expect(gateway.taken).toHaveLength(2);
    for (const named of gateway.taken) expect(named).toEqual([...deals].reverse());
  });

  it('come again until they are acknowledged, in batches of a hundred', async () => {
    subscribe({ retryMs: [5, 5, 5] });
    gateway.answers.push(503, 401);
    const deals = Array.from({ length: 120 }, () => hubspot.aDeal());
    await hubspot.webhooks.settled();
    expect(new Set(gateway.taken.flat())).toEqual(new Set(deals));
    expect(hubspot.webhooks.deliveries.map(({ status }) => status).filter((status) => status !== 200)).toHaveLength(2);
    expect(Math.max(...hubspot.webhooks.deliveries.map(({ events }) => events.length))).toBe(100);
  });

  it('are refused when they are signed by another app', async () => {
    subscribe({ retryMs: [] }, { clientSecret: 'of another app' });
    hubspot.aDeal();
    await hubspot.webhooks.settled();
    expect(hubspot.webhooks.deliveries.map(({ status }) => status)).toEqual([401]);
  });

  it('tell of a move that Countersign made itself, which then names a deal that wants nothing', async () => {
    const dealId = hubspot.aDeal();
    subscribe({});
    const { crm, intake } = await hubspot.open();
    const record = { dealId, round: 1, version: 1, stage: 'cancelled' as const, documentType: 'order-form' };
    const nothing = { envelopeId: null, reviewUrl: null, reason: null, signedAt: null };
    await crm.record({ ...record, ...nothing, outcome: 'cancelled', crmStage: 'contractsent' }, 'w');
    await hubspot.webhooks.settled();
    expect(gateway.taken).toEqual([[]]);
    expect(await intake.look(dealId)).toEqual({ kind: 'other' });
    await crm.close();
  });
});
