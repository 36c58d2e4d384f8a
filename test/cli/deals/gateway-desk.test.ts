import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGatewayDesk, type DealsDesk } from '../../../src/cli/deals/gateway-desk.js';
import type { DealFilter } from '../../../src/gateway/deal-list.js';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { Problem } from '../../../src/gateway/problem.js';
import { freePort } from '../../../src/stack/ports.js';
import { aGateway, aStart, TOKENS, type AGateway } from '../../gateway/a-gateway.js';
import { aLine } from './a-command.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Reached {
  gateway: AGateway;
  desk: DealsDesk;
}

async function reached(role = 'operator', over: Parameters<typeof aGateway>[0] = {}): Promise<Reached> {
  const gateway = aGateway(over);
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => gateway.app.close());
  const token =
    role === '' ? null : (TOKENS.find((candidate) => candidate.role === role)?.token ?? 'nobodys-token-0123');
  return { gateway, desk: deskAt(url, token) };
}

function deskAt(url: string, token: string | null, callMs?: number): DealsDesk {
  const name = token === null ? 'olga' : null;
  const { desk, close } = createGatewayDesk({ url, token, name, ...(callMs !== undefined && { callMs }) });
  closing.push(close);
  return desk;
}

async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  throw new Error('it was no problem', { cause: error });
}

describe('the desk at the other end of the gateway', () => {
  it('starts, reads and lists deals as one that is near', async () => {
    const { gateway, desk } = await reached();
    gateway.deals.answers.list = () => ({ deals: [aLine()], next: 'abc' });
    expect(await desk.start(aStart())).toEqual({ workflowId: 'deal-42', started: true });
    expect(await desk.read('42', 2)).toMatchObject({
      dealId: '42',
      stage: 'in-review',
      actions: ['approve', 'reject', 'amend', 'cancel'],
    });
    const filter: DealFilter = {
      ...{ stage: 'in-review', blocked: true, documentType: 'a&b', open: true, limit: 7, cursor: 'abc' },
      ...{ query: "X = 'ü'", since: '2026-01-05T09:00:00.000Z' },
    };
    expect(await desk.list(filter)).toEqual({ deals: [aLine()], next: 'abc' });
    expect(gateway.deals.listed).toEqual([filter]);
  });

  it('brings messages in the name of the token, with their key', async () => {
    const { gateway, desk } = await reached();
    const told = await desk.tell('42', 'review', { decision: 'approve' }, 'key-1');
    expect(told).toEqual({ workflowId: 'deal-42', queued: false, repeat: false });
    await desk.tell('42', 'review', { decision: 'approve' }, 'key-1');
    expect(gateway.deals.told).toMatchObject([{ message: { decision: 'approve', reviewer: 'olaf' } }, {}]);
    expect(gateway.deals.told[0]?.updateId).toBe(gateway.deals.told[1]?.updateId);
    gateway.deals.answers.tell = () => ({ kind: 'queued', workflowId: 'deal-42' });
    expect(await desk.tell('42', 'remind', {}, 'key-2')).toEqual({ workflowId: 'deal-42', queued: true });
  });

  it('says who speaks at a gateway without tokens', async () => {
    const { gateway, desk } = await reached('', { tokens: null });
    await desk.tell('42', 'review', { decision: 'reject' }, 'key-1');
    await desk.tell('42', 'cancel', { reason: 'lost' }, 'key-2');
    expect(gateway.deals.told).toMatchObject([{ message: { reviewer: 'olga' } }, { message: { by: 'olga' } }]);
  });

  it('tells the problems of the gateway as they are', async () => {
    const { gateway, desk } = await reached();
    gateway.deals.answers.tell = () => ({ kind: 'ended', workflowId: 'deal-42', outcome: 'completed' });
    expect(await problemOf(desk.tell('42', 'remind', {}, 'k'))).toMatchObject({
      ...{ status: 409, kind: 'deal-ended', message: 'The deal has ended: completed.' },
      extras: { workflowId: 'deal-42', outcome: 'completed' },
    });
    expect(await problemOf(desk.start(aStart({ documentType: 'none' })))).toMatchObject({
      ...{ status: 422, kind: 'invalid-body' },
      extras: { errors: [{ path: 'documentType' }] },
    });
    gateway.deals.answers.read = () => {
      throw new DealsUnavailable('no-worker', 'No worker answered.', { retryAfterSeconds: 10 });
    };
    expect(await problemOf(desk.read('42'))).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  });

  it('says what is wrong with a token', async () => {
    const unknown = await reached('nobody');
    expect((await problemOf(unknown.desk.read('42'))).message).toContain('Check COUNTERSIGN_TOKEN.');
    const viewer = await reached('viewer');
    expect(await problemOf(viewer.desk.tell('42', 'remind', {}, 'k'))).toMatchObject({
      status: 403,
      kind: 'forbidden',
    });
    expect((await viewer.desk.read('42')).reviewUrl).toBeNull();
  });

  it('never lets a deal id lead elsewhere', async () => {
    const { gateway, desk } = await reached();
    for (const dealId of ['..', '../healthz', 'a/b', '', '.']) {
      expect(await problemOf(desk.read(dealId))).toMatchObject({ status: 404, kind: 'unknown-deal' });
      expect(await problemOf(desk.tell(dealId, 'remind', {}, 'k'))).toMatchObject({ status: 404 });
    }
    expect(gateway.deals.told).toEqual([]);
  });

  it('says so when nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const problem = await problemOf(deskAt(url, 'token').read('42'));
    expect(problem).toMatchObject({ status: 503, kind: 'gateway-unreachable' });
    expect(problem.message).toMatch(/cannot be reached \(ECONNREFUSED\)\. Check that it runs, COUNTERSIGN_URL/);
  });

  it.each([
    ['a page of a proxy', 502, '<html>Bad gateway</html>', 503],
    ['something else altogether', 200, '<html>Welcome</html>', 502],
    ['a newer gateway', 200, '{"deals": "many"}', 502],
    ['a way to elsewhere', 302, '', 502],
  ])('takes %s for no answer', async (_what, status, body, as) => {
    const url = await aServer((_request, answer) =>
      answer.writeHead(status, { location: 'http://x.example' }).end(body),
    );
    expect(await problemOf(deskAt(url, null).list({}))).toMatchObject({ status: as, kind: 'unreadable-answer' });
  });

  it('does not wait for ever', async () => {
    const url = await aServer(() => undefined);
    const problem = await problemOf(deskAt(url, null, 100).read('42'));
    expect(problem.message).toContain('did not answer in time');
  });
});

async function aServer(answer: Parameters<typeof createServer>[1] & object): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
