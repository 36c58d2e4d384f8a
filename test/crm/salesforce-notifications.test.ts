import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BadNotification, type NotificationRequest } from '../../src/crm/intake.js';
import { createSalesforceNotifications } from '../../src/crm/salesforce/notifications.js';
import { signedHeaders, signingKeyOf } from '../../src/crm/webhook-signature.js';
import { Outbound } from '../../src/sandbox/salesforce/outbound.js';
import { withSuffix } from '../../src/sandbox/salesforce/records.js';
import { saying } from './contract.js';
import { aWorld, type World } from './salesforce-world.js';

/** Enough for a busy machine. */
const SOON = { timeout: 10_000, interval: 10 };
const SECRET = 'a secret of some length & +signs';
const ORGANIZATION = withSuffix('00DWx0000000001');
const URL_WITH_KEY = `https://countersign.example.com/crm/salesforce?key=${encodeURIComponent(SECRET)}`;
const DEAL = withSuffix('006Wx0000000001');
const OTHER = withSuffix('006Wx0000000002');
const notifications = createSalesforceNotifications({ secret: SECRET, organizationId: ORGANIZATION });
const outbound = new Outbound(ORGANIZATION);

function aMessage(text: string | Buffer, changes: Partial<NotificationRequest> = {}): NotificationRequest {
  const headers = { 'content-type': 'text/xml; charset=utf-8' };
  return { method: 'POST', url: URL_WITH_KEY, headers, body: Buffer.from(text), ...changes };
}

function aCallout(body: unknown, { secret = SECRET, at = new Date() } = {}): NotificationRequest {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const headers = { 'content-type': 'application/json', ...signedHeaders(signingKeyOf(secret), 'msg_1', bytes, at) };
  return { method: 'POST', url: 'https://countersign.example.com/crm/salesforce', headers, body: bytes };
}

function refusal(request: NotificationRequest): unknown {
  try {
    return notifications.read(request);
  } catch (error) {
    return error;
  }
}

describe('an outbound message of Salesforce', () => {
  it('names each deal once, whatever the form of its id', () => {
    const text = outbound.envelope([DEAL, DEAL.slice(0, 15), OTHER]);
    expect(notifications.read(aMessage(text))).toEqual([DEAL, OTHER]);
  });

  it('may hold a single notification, or a hundred', () => {
    const deals = Array.from({ length: 100 }, (_, at) => withSuffix(`006Wx0000${String(at).padStart(6, '0')}`));
    expect(notifications.read(aMessage(outbound.envelope([DEAL])))).toEqual([DEAL]);
    expect(notifications.read(aMessage(outbound.envelope(deals)))).toEqual(deals);
    expect(refusal(aMessage(outbound.envelope([...deals, DEAL])))).toMatchObject({ kind: 'malformed' });
  });

  it('is understood under other prefixes of its namespaces', () => {
    const text = outbound
      .envelope([DEAL])
      .replaceAll('soapenv:', 's:')
      .replaceAll('xmlns:soapenv', 'xmlns:s')
      .replaceAll('sf:', 'x:')
      .replaceAll('xmlns:sf', 'xmlns:x');
    expect(notifications.read(aMessage(text))).toEqual([DEAL]);
  });

  it.each([
    ['no key', 'https://countersign.example.com/crm/salesforce'],
    ['an empty key', 'https://countersign.example.com/crm/salesforce?key='],
    ['another key', 'https://countersign.example.com/crm/salesforce?key=another'],
    ['the beginning of the key', `${URL_WITH_KEY.slice(0, -1)}`],
  ])('is not read at an address with %s', (_what, url) => {
    expect(refusal(aMessage(outbound.envelope([DEAL]), { url }))).toMatchObject({
      name: 'BadNotification',
      kind: 'bad-signature',
    });
    expect(refusal(aMessage('<!DOCTYPE x>', { url }))).toMatchObject({ kind: 'bad-signature' });
  });

  it('is not taken from another organization', () => {
    const text = outbound.envelope([DEAL], withSuffix('00DWx0000000002'));
    expect(refusal(aMessage(text))).toMatchObject({ kind: 'bad-signature', message: saying('another organization') });
  });

  it.each([
    ['nothing', ''],
    ['JSON', '{"opportunityIds": []}'],
    ['broken XML', outbound.envelope([DEAL]).replace('</Notification>', '')],
    ['half of it', outbound.envelope([DEAL]).slice(0, 500)],
    ['another document', '<html><body>Hello</body></html>'],
    ['no record', outbound.envelope([])],
    ['a record that is no opportunity', outbound.envelope([withSuffix('001Wx0000000001')])],
    ['an id that is none', outbound.envelope(["006' OR Id != '"])],
    [
      'a document type',
      `<!DOCTYPE e [<!ENTITY id "${DEAL}">]>${outbound.envelope(['&id;']).replace(/<\?xml.*?\?>\n/, '')}`,
    ],
    ['entities', outbound.envelope(['&#48;&#48;6Wx0000000001'])],
    ['keys of a prototype', outbound.envelope([DEAL]).replaceAll('Notification>', '__proto__>')],
  ])('is malformed with %s', (_what, text) => {
    const error = refusal(aMessage(text));
    expect(error).toBeInstanceOf(BadNotification);
    expect(error).toMatchObject({ kind: 'malformed' });
  });

  it('is acknowledged in the words that Salesforce waits for', () => {
    const { contentType, body } = notifications.acknowledgement;
    expect(contentType).toMatch(/^text\/xml/);
    expect(body).toContain('<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>');
  });
});

describe('a callout from Salesforce', () => {
  it('names its deals under a signature', () => {
    expect(notifications.read(aCallout({ opportunityIds: [DEAL, DEAL.slice(0, 15), OTHER] }))).toEqual([DEAL, OTHER]);
  });

  it('may be a little late or early, and no more', () => {
    const at = (ms: number): Date => new Date(Date.now() + ms);
    const body = { opportunityIds: [DEAL] };
    for (const ms of [-4 * 60_000, 4 * 60_000])
      expect(notifications.read(aCallout(body, { at: at(ms) }))).toEqual([DEAL]);
    for (const ms of [-6 * 60_000, 6 * 60_000])
      expect(refusal(aCallout(body, { at: at(ms) }))).toMatchObject({ kind: 'bad-signature' });
  });

  it('is refused with the signature of another secret, for another body, or under another id', () => {
    const good = aCallout({ opportunityIds: [DEAL] });
    const wrong = [
      aCallout({ opportunityIds: [DEAL] }, { secret: 'another secret of some length' }),
      { ...good, body: Buffer.from(JSON.stringify({ opportunityIds: [OTHER] })) },
      { ...good, headers: { ...good.headers, 'webhook-id': 'msg_2' } },
      { ...good, headers: { ...good.headers, 'webhook-timestamp': undefined } },
      { ...good, headers: { ...good.headers, 'webhook-timestamp': '1e9' } },
      { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
    ];
    for (const request of wrong) expect(refusal(request)).toMatchObject({ kind: 'bad-signature' });
  });

  it('is not let in by a key in its address when its signature is wrong', () => {
    const forged = aCallout({ opportunityIds: [DEAL] }, { secret: 'another secret of some length' });
    expect(refusal({ ...forged, url: URL_WITH_KEY })).toMatchObject({ kind: 'bad-signature' });
  });

  it('is taken with one good signature of several, as after a change of the secret', () => {
    const good = aCallout({ opportunityIds: [DEAL] });
    const both = `v1,${Buffer.alloc(32).toString('base64')} ${String(good.headers['webhook-signature'])}`;
    expect(notifications.read({ ...good, headers: { ...good.headers, 'webhook-signature': both } })).toEqual([DEAL]);
  });

  it.each([
    '',
    '[]',
    '{',
    '{"opportunityIds": []}',
    '{"opportunityIds": [1]}',
    '{"opportunityIds": ["003Wx0000000001"]}',
  ])('is malformed as %j', (body) => {
    expect(refusal(aCallout(body))).toMatchObject({ kind: 'malformed' });
  });
});

describe('what Salesforce sends to the gateway', () => {
  let world: World;
  let gateway: Server;
  let endpoint: string;
  let heard: string[][];
  let down: number;

  beforeAll(() => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
  beforeEach(async () => {
    heard = [];
    down = 0;
    world = await aWorld();
    gateway = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (down-- > 0) return response.writeHead(503).end();
        const url = `https://countersign.example.com${request.url}`;
        const { method = '', headers } = request;
        heard.push(notifications.read({ method, url, headers, body: Buffer.concat(chunks) }));
        response.writeHead(200, { 'content-type': notifications.acknowledgement.contentType });
        return response.end(notifications.acknowledgement.body);
      });
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => gateway.once('listening', listening));
    const address = gateway.address();
    endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/crm/salesforce`;
    Object.assign(world.salesforce.outbound.switches, { retryMs: 10 });
    world.salesforce.outbound.endpoint = `${endpoint}?key=${encodeURIComponent(SECRET)}`;
  });
  afterEach(async () => {
    gateway.closeAllConnections();
    await Promise.all([world.salesforce.close(), new Promise((closed) => gateway.close(closed))]);
  });

  it('is a message for each move of a deal, made by people and by Countersign itself', async () => {
    const deal = world.aDeal();
    world.salesforce.moveTo(deal, 'Contract Requested');
    await vi.waitFor(() => expect(heard).toEqual([[deal]]), SOON);
    world.salesforce.records.update('Opportunity', deal, { Amount: 5 });
    await world.crm.record(
      {
        dealId: deal,
        round: 1,
        version: 1,
        stage: 'in-review',
        crmStage: 'Contract drafted',
        documentType: 'order-form',
        envelopeId: 'e',
        reviewUrl: null,
        outcome: null,
        reason: null,
        signedAt: null,
      },
      'w',
    );
    await vi.waitFor(() => expect(heard).toEqual([[deal], [deal]]), SOON);
    expect(await world.intake.look(deal)).toEqual({ kind: 'other' });
  });

  it('comes again until it is acknowledged', async () => {
    down = 3;
    const deal = world.aDeal();
    world.salesforce.moveTo(deal, 'Contract Requested');
    const statuses = () => world.salesforce.outbound.deliveries.map(({ status }) => status);
    await vi.waitFor(() => expect(statuses()).toEqual([503, 503, 503, 200]), SOON);
    expect(heard).toEqual([[deal]]);
  });

  it('may come twice, late, many at once and the last first', async () => {
    Object.assign(world.salesforce.outbound.switches, { twice: true, lateMs: 20, reversed: true });
    const deals = Array.from({ length: 150 }, () => world.aDeal());
    for (const deal of deals) world.salesforce.moveTo(deal, 'Contract Requested');
    await vi.waitFor(() => expect(heard).toHaveLength(4), SOON);
    expect(heard.map((batch) => batch.length).sort()).toEqual([100, 100, 50, 50]);
    expect(new Set(heard.flat())).toEqual(new Set(deals));
  });

  it('is a signed callout where a company wrote one', async () => {
    const deal = world.aDeal();
    expect(await world.salesforce.outbound.callout(endpoint, [deal], SECRET)).toBe(200);
    expect(heard).toEqual([[deal]]);
  });
});
