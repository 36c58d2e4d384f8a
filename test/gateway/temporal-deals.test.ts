/** The gateway's dealings with a real Temporal dev server and the real workflow; only the outside of the deal is on paper. */
import type { LightMyRequestResponse } from 'fastify';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { freePort } from '../../src/stack/ports.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { aDeal } from '../support/deals.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aGateway, aStart, type AGateway } from './a-gateway.js';

const QUEUE = 'gateway-test';
/** Nobody works on this queue. */
const EMPTY_QUEUE = 'gateway-test-without-worker';

let server: StartedDevServer;
let temporal: TemporalClient;
let native: NativeConnection;
let world: PaperWorld;
let worker: Worker;
let working: Promise<void>;
let gateway: AGateway;
let withoutWorker: AGateway;

function over(client: TemporalClient, taskQueue: string): AGateway {
  return aGateway({ deals: createTemporalDeals(client, { namespace: 'default', taskQueue }) });
}

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await startDevServer();
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  native = await NativeConnection.connect({ address: server.address });
  world = aPaperWorld(await aSignedPdf());
  worker = await Worker.create({
    connection: native,
    taskQueue: QUEUE,
    workflowBundle: { codePath: BUNDLE },
    activities: createActivities(world),
  });
  working = worker.run();
  gateway = over(temporal, QUEUE);
  withoutWorker = over(temporal, EMPTY_QUEUE);
});

afterAll(async () => {
  worker.shutdown();
  await working;
  await native.close();
  await temporal.connection.close();
  await server.stop();
});

const start = (dealId: string, more: object = {}, on = gateway) =>
  on.as('crm', { method: 'POST', url: '/deals', payload: aStart({ dealId, ...more }) });
const send = (dealId: string, name: string, payload: object, on = gateway, headers = {}) =>
  on.as('operator', { method: 'POST', url: `/deals/${dealId}/${name}`, payload, headers });
const read = (dealId: string, on = gateway) => on.as('operator', { url: `/deals/${dealId}` });

const said = (answer: LightMyRequestResponse) => [answer.statusCode, answer.json<Record<string, unknown>>()] as const;

async function untilStage(dealId: string, stage: DealSnapshot['stage']): Promise<DealSnapshot> {
  return vi.waitFor(
    async () => {
      const snapshot = (await read(dealId)).json<DealSnapshot>();
      expect(snapshot.stage).toBe(stage);
      return snapshot;
    },
    { timeout: 20_000, interval: 100 },
  );
}

async function anEndedDeal(dealId: string): Promise<void> {
  await start(dealId);
  await untilStage(dealId, 'in-review');
  expect((await send(dealId, 'cancel', { reason: 'lost' })).statusCode).toBe(200);
  await untilStage(dealId, 'cancelled');
  await vi.waitFor(async () => {
    expect((await temporal.client.workflow.getHandle(`deal-${dealId}`).describe()).status.name).toBe('COMPLETED');
  });
}

describe('starting a deal', () => {
  it('answers started to exactly one of twenty calls at once, and attaches the rest', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => start('many')));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(20).fill(202));
    const started = answers.filter((answer) => answer.json<{ started: boolean }>().started);
    expect(started).toHaveLength(1);
    await untilStage('many', 'in-review');
    expect(world.envelopes.filter(({ externalId }) => externalId === 'deal-many/r1')).toHaveLength(1);
  });

  it('gives the workflow what people look for in Temporal, and nothing personal', async () => {
    await start('shown', {}, withoutWorker);
    const { memo, typedSearchAttributes, raw } = await temporal.client.workflow.getHandle('deal-shown').describe();
    expect(memo).toEqual({ dealId: 'shown', round: 1 });
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({
      DealStage: 'preparing',
      DocumentType: 'order-form',
      SigningProvider: 'atlas',
      StageSince: expect.any(Date) as unknown,
    });
    const { summary, details } = raw.executionConfig?.userMetadata ?? {};
    const text = [summary, details].map((payload) => Buffer.from(payload?.data ?? []).toString()).join(' ');
    expect(text).toContain('order-form');
    expect(text).toContain('2 signers');
    expect(text).not.toMatch(/ada|bob|@/i);
  });

  it('refuses a deal that has ended, unless the body names the next round', async () => {
    await anEndedDeal('again');
    expect(said(await start('again'))).toMatchObject([409, { outcome: 'cancelled', workflowId: 'deal-again' }]);
    expect((await start('again', { round: 3 })).statusCode).toBe(422);
    expect(said(await start('again', { round: 2 }))).toEqual([202, { workflowId: 'deal-again-2', started: true }]);
    expect(said(await start('again', { round: 2 }))).toEqual([202, { workflowId: 'deal-again-2', started: false }]);

    expect(said(await start('again', { round: 3 }))).toMatchObject([
      409,
      { type: 'urn:countersign:problem:other-round' },
    ]);
    expect(said(await start('again'))).toMatchObject([409, { type: 'urn:countersign:problem:other-round' }]);
    expect((await untilStage('again', 'in-review')).round).toBe(2);
    const first = await gateway.as('viewer', { url: '/deals/again?round=1' });
    expect(first.json()).toMatchObject({ round: 1, stage: 'cancelled' });
  });

  it('never takes a round of one deal for another deal of the same spelling', async () => {
    await start('x-2', {}, withoutWorker);
    expect((await read('x')).statusCode).toBe(404);
    await anEndedDeal('x');
    expect(said(await start('x', { round: 2 }))).toMatchObject([
      409,
      { type: 'urn:countersign:problem:workflow-id-taken' },
    ]);
    expect((await untilStage('x', 'cancelled')).round).toBe(1);
  });

  it('tells the word of Temporal for a deal that was cut off', async () => {
    await start('cut', {}, withoutWorker);
    await temporal.client.workflow.getHandle('deal-cut').terminate('test');
    expect(said(await start('cut'))).toMatchObject([409, { outcome: 'terminated' }]);
  });
});

describe('steering a deal', () => {
  it('reaches the deal, repeats are welcome, and what comes at the wrong time is refused with the reason', async () => {
    await start('steer');
    await untilStage('steer', 'in-review');
    expect(said(await send('steer', 'remind', {}))).toMatchObject([
      409,
      { type: 'urn:countersign:problem:not-now', detail: expect.stringContaining('in-review') as unknown },
    ]);
    const key = { 'idempotency-key': 'click-1' };
    const approve = () => send('steer', 'review', { decision: 'approve' }, gateway, key);
    expect(said(await approve())).toEqual([200, { workflowId: 'deal-steer', repeat: false }]);
    await untilStage('steer', 'out-for-signature');
    expect(said(await approve())).toEqual([200, { workflowId: 'deal-steer', repeat: false }]);
    expect(said(await send('steer', 'review', { decision: 'approve' }))).toEqual([
      200,
      { workflowId: 'deal-steer', repeat: true },
    ]);
    expect((await send('steer', 'review', { decision: 'reject' })).statusCode).toBe(409);
  });

  it('knows unknown and ended deals', async () => {
    expect((await send('nobody', 'cancel', { reason: 'x' })).statusCode).toBe(404);
    await anEndedDeal('done');
    expect(said(await send('done', 'cancel', { reason: 'x' }))).toMatchObject([409, { outcome: 'cancelled' }]);
  });

  it('says in time when no worker answers', async () => {
    await start('idle', {}, withoutWorker);
    const began = Date.now();
    const [deal, message] = await Promise.all([
      read('idle', withoutWorker),
      send('idle', 'cancel', { reason: 'x' }, withoutWorker),
    ]);
    // Whether the server or the client gives up on the query first decides the kind; both say that it is not the caller's fault.
    expect(said(deal)).toMatchObject([
      503,
      { type: expect.stringMatching(/no-worker|temporal-unavailable/) as unknown },
    ]);
    expect(said(message)).toMatchObject([503, { detail: expect.stringContaining('may still arrive') as unknown }]);
    expect(message.headers['retry-after']).toBe('10');
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});

describe('a webhook', () => {
  const hook = (envelopeId: string, externalId: string | undefined, event: string, on = gateway) =>
    on.webhook({ event, envelope_id: envelopeId, ...(externalId && { metadata: { external_id: externalId } }) });

  it('reaches the deal by its metadata, or by the envelope alone', async () => {
    await start('hooked');
    const { envelopeId } = await untilStage('hooked', 'in-review');
    const envelope = world.envelopes.find((candidate) => candidate.envelopeId === envelopeId);
    Object.assign(envelope ?? {}, {
      status: 'pending',
      parties: [{ role: 'Customer', order: 1, status: 'pending' }],
    });
    expect(said(await hook(envelopeId ?? '', 'deal-hooked/r1', 'envelope.sent'))).toEqual([
      200,
      { result: 'signalled' },
    ]);
    await untilStage('hooked', 'out-for-signature');

    Object.assign(envelope ?? {}, { status: 'declined', reason: 'too dear' });
    await vi.waitFor(
      async () => {
        expect(said(await hook(envelopeId ?? '', undefined, 'envelope.declined'))[0]).toBe(200);
      },
      { timeout: 10_000, interval: 200 },
    );
    await untilStage('hooked', 'declined');
    await vi.waitFor(async () => {
      const late = await hook(envelopeId ?? '', 'deal-hooked/r1', 'envelope.declined');
      expect(said(late)).toEqual([200, { result: 'ended' }]);
    });
  });

  it('that only echoes the deal’s own send leaves no trace in its history', async () => {
    await start('echoed');
    await untilStage('echoed', 'in-review');
    await send('echoed', 'review', { decision: 'approve' });
    const { envelopeId } = await untilStage('echoed', 'out-for-signature');
    const signals = async () => {
      const { events } = await temporal.client.workflow.getHandle('deal-echoed').fetchHistory();
      return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
    };
    expect(said(await hook(envelopeId ?? '', 'deal-echoed/r1', 'envelope.sent'))).toEqual([200, { result: 'ignored' }]);
    expect(await signals()).toBe(0);
    expect(said(await hook(envelopeId ?? '', 'deal-echoed/r1', 'envelope.signed'))).toEqual([
      200,
      { result: 'signalled' },
    ]);
    expect(await signals()).toBe(1);
  });

  it('finds the deal that has taken over an envelope, which no other deal may then take', async () => {
    const { parties } = aDeal();
    const { envelopeId } = world.adHoc(parties);
    const adopt = (dealId: string) =>
      gateway.as('crm', { method: 'POST', url: '/deals', payload: { dealId, documentType: 'order-form', envelopeId } });
    expect(said(await adopt('adopter'))).toEqual([202, { workflowId: 'deal-adopter', started: true }]);
    await untilStage('adopter', 'in-review');
    const owners = () =>
      gateway.as('viewer', { method: 'GET', url: '/deals', query: { query: `EnvelopeId = "${envelopeId}"` } });
    await vi.waitFor(async () => expect((await owners()).json()).toMatchObject({ deals: [{ dealId: 'adopter' }] }), {
      timeout: 10_000,
      interval: 100,
    });
    expect(said(await adopt('second'))).toMatchObject([409, { workflowId: 'deal-adopter' }]);
    Object.assign(world.envelopes.find((candidate) => candidate.envelopeId === envelopeId) ?? {}, { status: 'voided' });
    expect(said(await hook(envelopeId, undefined, 'envelope.voided'))).toEqual([200, { result: 'signalled' }]);
    expect(await untilStage('adopter', 'voided')).toMatchObject({ envelopeId });
  });

  it('for an envelope of no deal is refused, however its id is spelt', async () => {
    expect((await hook('env-of-nobody', undefined, 'envelope.signed')).statusCode).toBe(404);
    expect((await hook('env-of-nobody', 'deal-nobody/r1', 'envelope.signed')).statusCode).toBe(404);
    expect((await hook('x" OR WorkflowType = "signDeal', undefined, 'envelope.signed')).statusCode).toBe(404);
  });

  it('stays with the sender, within his patience, while Temporal is away', async () => {
    const away = openTemporal({
      connectionOptions: { address: `127.0.0.1:${await freePort()}` },
      namespace: 'default',
    });
    const began = Date.now();
    const answer = await hook('env-1', 'deal-42/r1', 'envelope.signed', over(away, QUEUE));
    expect(said(answer)).toMatchObject([503, { type: 'urn:countersign:problem:temporal-unavailable' }]);
    expect(answer.headers['retry-after']).toBe('5');
    expect(Date.now() - began).toBeLessThan(8_000);
    await away.connection.close();
  });

  it('is not lost to a namespace that does not exist', async () => {
    const elsewhere = openTemporal({ connectionOptions: { address: server.address }, namespace: 'nowhere' });
    const answer = await hook('env-1', 'deal-42/r1', 'envelope.signed', over(elsewhere, QUEUE));
    expect(said(answer)).toMatchObject([503, { detail: expect.stringContaining('npm run setup') as unknown }]);
    await elsewhere.connection.close();
  });
});

describe('the gateway', () => {
  it('is ready again soon after Temporal crashed and came back', async () => {
    expect((await gateway.app.inject('/readyz')).statusCode).toBe(200);
    await server.crash();
    await vi.waitFor(async () => expect((await gateway.app.inject('/readyz')).statusCode).toBe(200), {
      timeout: 10_000,
      interval: 200,
    });
  });
});

describe('a genuine webhook that is replayed a thousand times', () => {
  it('sends nothing, moves nothing and leaves a history that does not grow with it', async () => {
    await start('replayed');
    await untilStage('replayed', 'in-review');
    expect((await send('replayed', 'review', { decision: 'approve' })).statusCode).toBe(200);
    await untilStage('replayed', 'out-for-signature');
    const envelope = world.envelopes.find(({ externalId }) => externalId === 'deal-replayed/r1');
    const event = {
      event: 'envelope.signed',
      envelope_id: envelope?.envelopeId,
      metadata: { external_id: 'deal-replayed/r1' },
    };
    const before = (await read('replayed')).json<DealSnapshot>();
    const answers: number[] = [];
    for (let batch = 0; batch < 100; batch++) {
      const replies = await Promise.all(Array.from({ length: 10 }, () => gateway.webhook(event)));
      answers.push(...replies.map(({ statusCode }) => statusCode));
    }
    expect(answers).toEqual(Array<number>(1_000).fill(200));

    // What the deal does about the last of them comes before its answer to a query.
    const after = (await read('replayed')).json<DealSnapshot>();
    expect(after).toMatchObject({ stage: 'out-for-signature', timeline: before.timeline });
    expect(envelope).toMatchObject({ sends: 1, signedCount: 0 });
    const { events } = await temporal.client.workflow.getHandle('deal-replayed').fetchHistory();
    const signals = (events ?? []).filter((told) => told.workflowExecutionSignaledEventAttributes);
    // Five at once, and one more for each minute that this took.
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.length).toBeLessThan(10);
  }, 90_000);
});

describe('a deal of a tenant', () => {
  it('has its line in the queue and its place in the list, and all is done in its name', async () => {
    const before = world.tenants.length;
    await start('tenanted', { tenant: 'acme' });
    await untilStage('tenanted', 'in-review');
    const { typedSearchAttributes, priority } = await temporal.client.workflow.getHandle('deal-tenanted').describe();
    expect(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toContainEqual([
      'DealTenant',
      'acme',
    ]);
    expect(priority?.fairnessKey).toBe('acme');
    expect((await read('tenanted')).json()).toMatchObject({ tenant: 'acme' });
    // Create, detection and whatever read it back.
    expect(world.tenants.slice(before).length).toBeGreaterThanOrEqual(2);
    expect(new Set(world.tenants.slice(before))).toEqual(new Set(['acme']));
  });

  it('is nobody else’s to attach to', async () => {
    await start('of-one', { tenant: 'acme' });
    expect(said(await start('of-one', { tenant: 'acme' }))).toEqual([202, expect.objectContaining({ started: false })]);
    for (const more of [{ tenant: 'globex' }, {}, { tenant: 'globex', round: 2 }]) {
      const [status, body] = said(await start('of-one', more));
      expect([status, body['type']]).toEqual([409, expect.stringContaining('workflow-id-taken')]);
    }
  });
});
