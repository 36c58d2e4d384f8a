import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpCrm } from '../../src/crm/http.js';
import { createReceiverCalls } from '../../src/crm/receiver.js';
import { signedHeaders, signingKeyOf } from '../../src/crm/webhook-signature.js';
import type { Crm } from '../../src/crm/crm.js';
import { aRecord, aSignedPdf, keepsTheCrmContract, PDF_BYTES, saying } from './contract.js';
import { aReceiver, type Receiver } from './http-receiver.js';

const KEY = Buffer.from('a key of thirty-two bytes, about');
const SECRET = `whsec_${KEY.toString('base64')}`;

describe('the http CRM', () => {
  let receiver: Receiver;
  let crm: Crm;

  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    receiver = await aReceiver(KEY);
  });
  beforeEach(() => {
    crm = createHttpCrm(createReceiverCalls({ url: receiver.url, secret: SECRET }));
  });
  afterEach(() => crm.close());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await receiver.close();
  });

  keepsTheCrmContract(() => ({
    crm,
    stored: async (dealId, round) => receiver.stored(dealId, round),
    notes: async (dealId, round) => receiver.notes(dealId, round),
    attached: async (dealId, round) => receiver.attachments(dealId, round).map(({ sha256 }) => sha256),
  }));

  const refused = (status: number, headers: Record<string, string>, text: string) =>
    receiver.next((response) => response.writeHead(status, headers).end(text));
  const write = (crmToUse = crm) => crmToUse.record(aRecord(), 'deal-1/crm/v1');
  const deal = { dealId: 'deal:1', round: 2, envelopeId: 'env_1' };

  it('sends a record as one PATCH with its write id as the idempotency key', async () => {
    const record = aRecord({ dealId: 'deal:1' });
    await crm.record(record, 'deal-1/crm/v1');
    const last = receiver.seen.at(-1);
    expect(last).toMatchObject({ method: 'PATCH', path: '/crm/deals/deal%3A1' });
    expect(last?.headers).toMatchObject({
      'idempotency-key': 'deal-1/crm/v1',
      'webhook-id': 'deal-1/crm/v1',
      'content-type': 'application/json',
    });
    expect(JSON.parse(String(last?.body))).toEqual(record);
  });

  it('uploads the very bytes of the signed PDF, named after the deal and its round', async () => {
    await crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'attach-1');
    expect(receiver.attachments('deal:1', 2)).toEqual([
      {
        name: 'deal_1-2-signed.pdf',
        sha256: aSignedPdf().sha256,
        round: 2,
        envelopeId: 'env_1',
        bytes: PDF_BYTES,
      },
    ]);
  });

  it('sends the same bytes at each try of an upload', async () => {
    await crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'attach-2');
    await crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'attach-2');
    const [first, second] = receiver.seen.slice(-2);
    expect(first?.body.equals(second?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it('does not upload bytes that are not the signed ones', async () => {
    const before = receiver.seen.length;
    const attach = crm.attach(deal, aSignedPdf(), async () => Buffer.from('%PDF-1.7 forged'), 'attach-3');
    await expect(attach).rejects.toMatchObject({ kind: 'refused', message: saying('sha256') });
    expect(receiver.seen).toHaveLength(before);
  });

  it('is refused by a receiver that holds another secret', async () => {
    const stranger = createHttpCrm(createReceiverCalls({ url: receiver.url, secret: 'another secret' }));
    await expect(write(stranger)).rejects.toMatchObject({ kind: 'refused', message: saying('401') });
    await stranger.close();
  });

  it.each([400, 401, 403, 404, 409, 422])('takes a %i for a no', async (status) => {
    refused(status, {}, 'no');
    await expect(write()).rejects.toMatchObject({ name: 'CrmError', kind: 'refused' });
  });

  it('takes a 410 to a record or an attachment for a deal that is no more', async () => {
    refused(410, {}, 'deleted by jane.doe@example.com');
    await expect(write()).rejects.toMatchObject({ name: 'CrmError', kind: 'gone', message: saying('410: deleted') });
    refused(410, {}, '');
    const attach = crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'attach-4');
    await expect(attach).rejects.toMatchObject({ name: 'CrmError', kind: 'gone' });
  });

  it('does not ask the receiver whether a deal is still wanted', async () => {
    const before = receiver.seen.length;
    expect(await crm.withdrawn({ dealId: 'deal:1', round: 1 })).toBeNull();
    expect(receiver.seen).toHaveLength(before);
  });

  it('sends a note with its record, and no such field without one', async () => {
    const record = aRecord();
    await crm.record({ ...record, note: 'The review is overdue.' }, 'w1');
    expect(JSON.parse(String(receiver.seen.at(-1)?.body))).toEqual({ ...record, note: 'The review is overdue.' });
    await crm.record({ ...record, version: 2 }, 'w2');
    expect(JSON.parse(String(receiver.seen.at(-1)?.body))).not.toHaveProperty('note');
  });

  it.each([408, 425, 429, 500, 502, 503])('takes a %i for something to try later', async (status) => {
    refused(status, { 'retry-after': '7' }, 'later');
    await expect(write()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs: 7_000 });
  });

  it('reads a Retry-After that is a date', async () => {
    refused(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }, '');
    const error = await write().catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('retryAfterMs');
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
  });

  it('does not follow a redirect with a signed deal, and says what to set', async () => {
    refused(307, { location: 'https://elsewhere.example/' }, '');
    await expect(write()).rejects.toMatchObject({ kind: 'refused', message: saying('CRM_URL') });
  });

  it('shows a short beginning of what the CRM said, without e-mails and links', async () => {
    refused(422, {}, `bad signer jane.doe@example.com see https://crm.example/x?token=t ${'x'.repeat(100_000)}`);
    const error = await write().catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('422: bad signer [e-mail] see [link]');
    expect(String(error).length).toBeLessThan(300);
  });

  it('does not read an endless answer to the end', async () => {
    receiver.next((response) => {
      response.writeHead(500);
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    await expect(write()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('gives up on a CRM that takes the request and stays silent', async () => {
    const hasty = createHttpCrm(createReceiverCalls({ url: receiver.url, secret: SECRET }), { recordMs: 100 });
    receiver.next(() => undefined);
    await expect(write(hasty)).rejects.toMatchObject({ kind: 'unavailable' });
    await hasty.close();
  });

  it('says that nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((done) => closed.close(done));
    const lost = createHttpCrm(createReceiverCalls({ url: `http://127.0.0.1:${port}`, secret: SECRET }));
    await expect(write(lost)).rejects.toMatchObject({
      kind: 'unavailable',
      message: saying('ECONNREFUSED'),
    });
    await lost.close();
  });

  it('goes through the proxy of the environment', async () => {
    const met: string[] = [];
    const proxy = createServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      met.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await once(proxy, 'listening');
    const address = proxy.address();
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    vi.stubEnv('NO_PROXY', '');
    const proxied = createHttpCrm(createReceiverCalls({ url: 'https://crm.example', secret: SECRET }));
    await expect(write(proxied)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(met).toEqual(['crm.example:443']);
    await proxied.close();
    proxy.close();
  });
});

describe('the signature of a write', () => {
  it('is the one of the Standard Webhooks specification', () => {
    // The example of the specification's reference libraries.
    const key = signingKeyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const body = Buffer.from('{"test": 2432232314}');
    expect(signedHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', body, new Date(1_614_265_330_000))).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('takes plain text for a secret, and no empty one', () => {
    expect(signingKeyOf('plain')).toEqual(Buffer.from('plain'));
    expect(() => signingKeyOf('whsec_')).toThrow('empty');
    expect(() => signingKeyOf('')).toThrow('empty');
  });
});
