import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterEach, describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway, aStart, aTemplatedStart, ATLAS_KEY, TOKENS, type AGateway } from './a-gateway.js';

let open: AGateway[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ app }) => app.close()));
  open = [];
});

async function listening(over: Parameters<typeof aGateway>[0] = {}): Promise<AGateway & { port: number }> {
  const gateway = aGateway(over);
  open.push(gateway);
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const address = gateway.app.server.address() as AddressInfo;
  return { ...gateway, port: address.port };
}

/** Sends `bytes` and answers all that came back until the gateway closed the connection. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

describe('the gateway', () => {
  it('is healthy by itself and ready with Temporal', async () => {
    const well = aGateway();
    expect((await well.app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await well.app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    const { app, deals } = aGateway();
    deals.answers.check = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 503, detail: 'Temporal cannot be reached.' });
  });

  it('tells unknown routes from wrong methods', async () => {
    const { app } = aGateway();
    expect((await app.inject('/nowhere')).json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining('/openapi.json') as unknown,
    });
    const wrong = await app.inject({ method: 'DELETE', url: '/deals/42?x=1' });
    expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await app.inject('/webhooks/atlas')).statusCode).toBe(405);
    expect((await app.inject('/deals/42/resume')).headers.allow).toBe('POST');
    const both = await app.inject({ method: 'PUT', url: '/deals' });
    expect(both.headers.allow).toBe('POST, GET, HEAD');
  });

  it("keeps a caller's request id that is fit for a log, and makes one otherwise", async () => {
    const { app } = aGateway();
    const idFor = async (given: string) =>
      (await app.inject({ url: '/healthz', headers: { 'x-request-id': given } })).headers['x-request-id'];
    expect(await idFor('trace-7')).toBe('trace-7');
    expect(await idFor('a b"c')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('logs one line a request, with ids and without anything personal', async () => {
    const gateway = aGateway();
    await gateway.as('crm', { method: 'POST', url: '/deals', payload: aStart() });
    await gateway.as('operator', { url: '/deals/42' });
    await gateway.webhook({
      event: 'envelope.signed',
      envelope_id: 'env-1',
      parties: [{ email: 'ada@customer.example' }],
    });
    await gateway.as('crm', { url: '/secret/path?email=ada@customer.example' });
    const lines = gateway
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { msg: 'request', method: 'POST', route: '/deals', status: 202, role: 'crm', dealId: '42' },
      { msg: 'request', method: 'GET', route: '/deals/:dealId', status: 200, dealId: '42', envelopeId: 'env-1' },
      { msg: 'request', method: 'POST', route: '/webhooks/atlas', status: 200, envelopeId: 'env-1' },
      { msg: 'request', method: 'GET', route: 'unmatched', status: 404 },
    ]);
    expect(lines.every(({ requestId, ms }) => typeof requestId === 'string' && typeof ms === 'number')).toBe(true);
    expect(gateway.log()).not.toMatch(/Ada |Customer|@|rt=secret|token-0123|secret\/path/);
  });

  it('counts requests by route and status, and webhooks by event and result', async () => {
    const gateway = aGateway();
    await gateway.as('viewer', { url: '/deals/42' });
    await gateway.webhook({ event: 'envelope.viewed', envelope_id: 'env-1' }, ATLAS_KEY);
    const { body } = await gateway.app.inject('/metrics');
    expect(body).toMatch(
      /countersign_http_request_duration_seconds_count\{method="GET",route="\/deals\/:dealId",status="200"\} 1/,
    );
    expect(body).toMatch(/countersign_webhooks_total\{provider="atlas",event="envelope.viewed",result="ignored"\} 1/);
  });

  it('describes every route it has, with schemas that hold for what it answers', async () => {
    const gateway = aGateway();
    const document = (await gateway.app.inject('/openapi.json')).json<{
      openapi: string;
      paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
      components: { schemas: Record<string, object> };
    }>();
    expect(document.openapi).toBe('3.1.0');
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
        expect([url, gateway.app.hasRoute({ method: method.toUpperCase(), url })]).toEqual([url, true]);
      }
    }
    expect(Object.keys(document.paths)).toHaveLength(17);

    const ajv = addFormats.default(new Ajv2020({ strict: true }));
    const startSchema = document.paths['/deals']?.post?.requestBody?.content['application/json']?.schema ?? {};
    expect('$schema' in startSchema).toBe(false);
    expect(ajv.validate(startSchema, aStart())).toBe(true);
    expect(ajv.validate(startSchema, aTemplatedStart({ metadata: { crm_owner: 'u-7' } }))).toBe(true);
    expect(ajv.validate(startSchema, aTemplatedStart({ prefill: { company: ['Acme'] } }))).toBe(false);
    expect(ajv.validate(startSchema, aStart({ documentType: undefined, parties: [{ email: 'x' }] }))).toBe(false);
    const deal = (await gateway.as('operator', { url: '/deals/42' })).json<unknown>();
    expect(ajv.validate(document.components.schemas.Deal ?? {}, deal), JSON.stringify(ajv.errors)).toBe(true);
  });

  it('cuts off clients that send their request too slowly', async () => {
    // Silence itself is cut off without an answer, and must not be first.
    const { port } = await listening({ patience: { requestMs: 200, idleMs: 5_000 } });
    expect(await raw(port, 'POST /deals HTTP/1.1\r\nhost: localhost\r\n')).toMatch(/^HTTP\/1.1 408 /);
    const token = TOKENS[0]?.token;
    const head = `POST /deals HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    expect(await raw(port, `${head}content-length: 100\r\n\r\n{"dealId"`)).toMatch(
      /^HTTP\/1.1 408 .*application\/problem\+json/s,
    );
  });

  it('refuses what is no HTTP', async () => {
    const { port } = await listening();
    expect(await raw(port, 'GIMME THE DEALS\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*application\/problem\+json/s);
  });

  it('finishes the requests under way when it stops, and takes no new ones', async () => {
    const { app, deals, port } = await listening();
    let finish = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      deals.check = () => new Promise<void>((done) => void ((finish = done), resolve()));
    });
    const underWay = fetch(`http://127.0.0.1:${port}/readyz`);
    await reached;
    const closed = app.close();
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    finish();
    expect((await underWay).status).toBe(200);
    await closed;
  });
});
