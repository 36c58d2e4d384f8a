/**
 * Two gateways behind a balancer that looks at /readyz and tries another one only where a connection is refused: under load each is stopped and
 * started again in turn, Temporal is killed and comes back, and no request is lost.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type RunningProcess } from '../../src/stack/processes.js';
import { until } from '../scenarios/at-the-gateway.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KEY = 'atlas-key-of-this-test';
const TOKEN = 'crm-token-of-this-test';
const WORLD_MS = 60_000;

interface Gateway {
  port: number;
  process: RunningProcess;
  ready: boolean;
}

let folder: string;
let temporal: StartedDevServer;
let processes: Processes;
let balancer: Server;
let balancerUrl: string;
let watching: NodeJS.Timeout;
const gateways: Gateway[] = [];

const start = (port: number): Promise<RunningProcess> =>
  processes.start({
    name: `gateway-${port}`,
    command: process.execPath,
    args: [join(ROOT, 'dist', 'gateway.js')],
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      TEMPORAL_ADDRESS: temporal.address,
      ATLAS_API_KEY: KEY,
      GATEWAY_TOKENS: `crm:shop:${TOKEN}`,
      PORT: String(port),
      DRAIN_TIME: '1 second',
    },
  });

const isReady = (port: number): Promise<boolean> =>
  request(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } }).then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode === 200;
    },
    () => false,
  );

/** Passes bytes on. A connection that was made is never repeated elsewhere: what is lost on it is lost. */
function passOn(client: Socket): void {
  const inTurn = [...gateways].sort((one, other) => Number(other.ready) - Number(one.ready) || Math.random() - 0.5);
  client.on('error', () => undefined);
  const attempt = (): void => {
    const target = inTurn.shift();
    if (!target) return void client.destroy();
    const upstream = connect(target.port, '127.0.0.1');
    upstream.once('error', attempt);
    upstream.once('connect', () => {
      upstream.off('error', attempt);
      upstream.on('error', () => client.destroy());
      client.once('close', () => upstream.destroy());
      upstream.pipe(client).on('error', () => undefined);
      client.pipe(upstream);
    });
  };
  attempt();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-drain-'));
  await writeFile(join(folder, 'document-types.json'), JSON.stringify({ 'order-form': {} }));
  temporal = await startDevServer();
  processes = new Processes(join(folder, 'logs'), 10_000);
  for (let each = 0; each < 2; each++) {
    const port = await freePort(new Set(gateways.map((gateway) => gateway.port)));
    gateways.push({ port, process: await start(port), ready: false });
  }
  watching = setInterval(() => {
    for (const gateway of gateways) void isReady(gateway.port).then((ready) => (gateway.ready = ready));
  }, 100);
  await until('both gateways', async () => gateways.every(({ ready }) => ready), WORLD_MS);
  balancer = createServer(passOn).listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  balancerUrl = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
}, 90_000);

afterAll(async () => {
  clearInterval(watching);
  balancer?.close();
  await processes.stopAll();
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
});

it('loses no request while gateways are replaced under load', { timeout: 120_000 }, async () => {
  const agent = new Agent({ connections: 8 });
  const statuses: number[] = [];
  const lost: string[] = [];
  let sent = 0;
  let going = true;

  async function send(path: string, body: string, headers: Record<string, string>): Promise<void> {
    try {
      const answer = await request(`${balancerUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        dispatcher: agent,
      });
      await answer.body.dump();
      statuses.push(answer.statusCode);
    } catch (error) {
      lost.push(`${path}: ${String(error)}`);
    }
  }

  const document = { uri: 'file:order-form.pdf' };
  const parties = [{ email: 'ada@customer.example', role: 'Customer' }];
  async function keepSending(): Promise<void> {
    while (going) {
      const dealId = `load-${sent++}`;
      const deal = JSON.stringify({ dealId, documentType: 'order-form', document, parties });
      await send('/deals', deal, { authorization: `Bearer ${TOKEN}` });
      const event = JSON.stringify({
        event: 'envelope.signed',
        envelope_id: 'env',
        metadata: { external_id: `deal-${dealId}/r1` },
      });
      await send('/webhooks/atlas', event, {
        'x-atlas-signature': `sha256=${createHmac('sha256', KEY).update(event).digest('hex')}`,
      });
      await pause(10);
    }
  }

  const load = Promise.all(Array.from({ length: 6 }, keepSending));
  for (const gateway of gateways) {
    const before = statuses.length;
    await until('some load', async () => statuses.length > before + 60, WORLD_MS);
    gateway.process.signal('SIGTERM');
    expect(await gateway.process.ended).toEqual({ code: 0, signal: null });
    gateway.process = await start(gateway.port);
    await until('the gateway to be back', async () => gateway.ready, WORLD_MS);
  }
  going = false;
  await load;
  await agent.close();

  expect(lost).toEqual([]);
  expect(statuses.filter((status) => status < 200 || status > 299)).toEqual([]);
  expect(statuses).toHaveLength(sent * 2);
  const connection = await Connection.connect({ address: temporal.address });
  const { workflow } = new Client({ connection });
  const runs = async () => (await workflow.count('WorkflowType = "signDeal"')).count;
  await until('every deal in the list', async () => (await runs()) === sent, WORLD_MS);
  await connection.close();
});

it('is not ready while Temporal is away, and ready again after', { timeout: 90_000 }, async () => {
  const [one] = gateways;
  await temporal.kill();
  await until('gateways that are not ready', async () => gateways.every(({ ready }) => !ready), WORLD_MS);
  const { statusCode, body } = await request(`http://127.0.0.1:${one?.port}/readyz`);
  expect([statusCode, await body.json()]).toMatchObject([
    503,
    { detail: expect.stringContaining('TEMPORAL_ADDRESS') as unknown },
  ]);
  expect((await request(`http://127.0.0.1:${one?.port}/healthz`)).statusCode).toBe(200);
  await temporal.comeBack();
  await until('ready gateways', async () => gateways.every(({ ready }) => ready), WORLD_MS);
});
