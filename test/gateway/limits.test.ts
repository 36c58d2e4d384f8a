import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/deal/showing.js';
import { LIMITS, type Limits } from '../../src/gateway/limits.js';
import { aDealIn } from '../support/deals.js';
import { aGateway, NO_LIMITS, signatureOf, TOKENS, type AGateway } from './a-gateway.js';

let open: AGateway[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ app }) => app.close()));
  open = [];
});

function limited(over: Partial<Limits>, more: Parameters<typeof aGateway>[0] = {}): AGateway {
  const gateway = aGateway({ limits: { ...NO_LIMITS, ...over }, ...more });
  open.push(gateway);
  return gateway;
}

async function statuses(times: number, ask: (index: number) => Promise<{ statusCode: number }>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < times; index++) all.push((await ask(index)).statusCode);
  return all;
}

const event = (n: number) => ({ event: 'envelope.signed', envelope_id: `env-${n}`, metadata: { n: String(n) } });
const forged = ({ app }: AGateway, remoteAddress = '203.0.113.9', headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/webhooks/atlas',
    remoteAddress,
    payload: '{}',
    headers: { 'x-atlas-signature': signatureOf('{}', 'a guess'), ...headers },
  });
const genuine = ({ app }: AGateway, remoteAddress: string, n = 1) => {
  const payload = JSON.stringify(event(n));
  return app.inject({
    method: 'POST',
    url: '/webhooks/atlas',
    remoteAddress,
    payload,
    headers: { 'x-atlas-signature': signatureOf(payload) },
  });
};

describe('what one may ask of the gateway', () => {
  it('is enough for a burst of 2,000 webhooks', async () => {
    const gateway = limited(LIMITS);
    const answers = await Promise.all(Array.from({ length: 2_000 }, (_, n) => gateway.webhook(event(n))));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    expect(gateway.deals.heard).toHaveLength(2_000);
  });

  it('is little for an address whose signatures do not fit, and is told as a problem with the time to wait', async () => {
    const gateway = limited({ refused: 3 });
    expect(await statuses(5, () => forged(gateway))).toEqual([401, 401, 401, 429, 429]);
    const answer = await forged(gateway);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({
      type: 'urn:countersign:problem:too-many-requests',
      requestId: answer.headers['x-request-id'],
    });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    // Others are not held to it.
    expect((await forged(gateway, '203.0.113.10')).statusCode).toBe(401);
    expect((await genuine(gateway, '203.0.113.10')).statusCode).toBe(200);
  });

  it('is not spoiled by others behind the same address for a sender that is known', async () => {
    const gateway = limited({ refused: 3 });
    expect((await genuine(gateway, '203.0.113.9')).statusCode).toBe(200);
    await statuses(10, () => forged(gateway));
    expect((await genuine(gateway, '203.0.113.9', 2)).statusCode).toBe(200);
  });

  it('is little for guesses of tokens, at the API and at the login page alike', async () => {
    const gateway = limited({ refused: 2 });
    const guess = (n: number) =>
      n % 2 === 0
        ? gateway.app.inject({ url: '/deals', headers: { authorization: 'Bearer guess' } })
        : gateway.app.inject({
            method: 'POST',
            url: '/console/login',
            payload: 'token=guess',
            headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
          });
    expect(await statuses(4, guess)).toEqual([401, 401, 429, 429]);
  });

  it('is counted by token for callers, and by itself for links to pages of the provider', async () => {
    const gateway = limited({ caller: 3, links: 1 });
    gateway.deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(aDealIn('out-for-signature')) });
    const link = () => gateway.as('operator', { url: '/deals/42/sign-link' });
    expect(await statuses(2, link)).toEqual([200, 429]);
    expect(gateway.provider.asked).toHaveLength(1);
    expect(await statuses(2, () => gateway.as('operator', { url: '/deals/42' }))).toEqual([200, 429]);
    expect((await gateway.as('viewer', { url: '/deals/42' })).statusCode).toBe(200);
  });

  it('is counted by address for what is open to all', async () => {
    const gateway = limited({ open: 2 });
    const urls = ['/openapi.json', '/console/login', '/nowhere', '/console/style.css'];
    expect(await statuses(4, (n) => gateway.app.inject(urls[n] ?? ''))).toEqual([200, 200, 429, 429]);
  });

  it('is never too much for health checks', async () => {
    const gateway = limited({ address: 1, open: 1 });
    expect(await statuses(5, (n) => gateway.app.inject(['/healthz', '/readyz', '/metrics'][n % 3] ?? ''))).toEqual(
      Array<number>(5).fill(200),
    );
  });

  it('is counted by the address that a trusted proxy tells, and never by one that anybody may write', async () => {
    const from = (client: string) => ({ 'x-forwarded-for': client });
    const behind = limited({ refused: 1 }, { trustProxy: ['10.0.0.0/8'] });
    await forged(behind, '10.1.2.3', from('198.51.100.1'));
    expect((await forged(behind, '10.1.2.3', from('198.51.100.1'))).statusCode).toBe(429);
    expect((await forged(behind, '10.1.2.3', from('198.51.100.2'))).statusCode).toBe(401);
    // What the client itself wrote in front of the proxy's word counts for nothing.
    expect((await forged(behind, '10.1.2.3', from('198.51.100.99, 198.51.100.1'))).statusCode).toBe(429);
    const bare = limited({ refused: 1 });
    expect(await statuses(2, (n) => forged(bare, '203.0.113.9', from(`198.51.100.${n}`)))).toEqual([401, 429]);
    expect(bare.log().match(/set TRUST_PROXY/g)).toHaveLength(1);
  });
});

describe('a connection', () => {
  async function raw(gateway: AGateway, bytes: string): Promise<string> {
    await gateway.app.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((gateway.app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    return answer;
  }

  it('that drips a byte now and then is cut off like a silent one', async () => {
    const gateway = limited({}, { patience: { requestMs: 300, idleMs: 5_000 } });
    await gateway.app.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((gateway.app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => undefined);
    socket.write(`POST /deals HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKENS[0]?.token}\r\n`);
    const drip = setInterval(() => socket.write('x-drip: 1\r\n'), 50);
    await once(socket, 'close');
    clearInterval(drip);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it('with more headers than anybody needs is refused as a problem', async () => {
    const gateway = limited({});
    const answer = await raw(gateway, `GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 .*application\/problem\+json/s);
  });

  it.each([
    ['a line break in a header', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: a\nset-cookie: b=1\r\n\r\n'],
    ['a second length', 'POST /deals HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'length and chunks at once',
      'POST /deals HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('with %s never has it believed', async (_what, bytes) => {
    const answer = await raw(limited({}, { patience: { requestMs: 300, idleMs: 5_000 } }), bytes);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).not.toMatch(/^set-cookie/im);
  });
});
