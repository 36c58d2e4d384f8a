/**
 * The SDK may end a workflow task right after a local activity's marker when a query comes in its midst. Whatever people send just then,
 * every deal must end right and its history must replay.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { DEAL_QUERY, EVENT_SIGNAL, WORKFLOW_TYPE } from '../../src/deal/messages.js';
import { aDeal, aPolicy } from '../support/deals.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const DEALS = 20;
const MARKER_RECORDED = 25;
const WORKFLOW_TASK_SCHEDULED = 5;
const approve = { decision: 'approve', reviewer: 'rita' };

let server: StartedDevServer;
let connection: NativeConnection;
let client: Client;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await startDevServer();
  connection = await NativeConnection.connect({ address: server.address });
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
});
afterAll(async () => {
  await client.connection.close();
  await connection.close();
  await server.stop();
});

/** Outside systems that take their time, so that queries and messages meet local activities under way. */
async function aSlowWorld(): Promise<PaperWorld> {
  const world = aPaperWorld(await aSignedPdf());
  const { crm, provider } = world;
  const [record, read] = [crm.record.bind(crm), provider.readEnvelope.bind(provider)];
  crm.record = async (...args) => (await pause(Math.random() * 300), record(...args));
  provider.readEnvelope = async (...args) => (await pause(Math.random() * 200), read(...args));
  return world;
}

async function pesterToTheEnd(world: PaperWorld, dealId: string, how: 'update' | 'signal'): Promise<void> {
  const deal = await client.workflow.start(WORKFLOW_TYPE, {
    workflowId: `deal-${dealId}`,
    taskQueue: how,
    args: [aDeal({ dealId })],
    memo: { dealId, round: 1 },
  });
  let ended = false;
  const result = deal.result().finally(() => (ended = true));
  // A flood without end would only show that a deal cannot get ahead while each of its tasks meets new signals.
  const over = async (everyMs: number, act: () => Promise<unknown>, enough = (_done: number) => false) => {
    for (let done = 0; !ended && !enough(done); done++) {
      await pause(Math.random() * everyMs);
      // Most of it comes at the wrong moment and is refused, which is the point.
      await act().catch(() => undefined);
    }
  };
  const envelope = () => world.envelopes.find(({ externalId }) => externalId === `deal-${dealId}/r1`);
  const sent = () => (envelope()?.sends ?? 0) > 0;
  await Promise.all([
    result,
    over(50, () => deal.query(DEAL_QUERY)),
    over(
      how === 'update' ? 60 : 400,
      () => (how === 'update' ? deal.executeUpdate('review', { args: [approve] }) : deal.signal('review', approve)),
      (done) => how === 'signal' && done >= 10 && sent(),
    ),
    over(
      how === 'update' ? 100 : 400,
      async () => {
        const mine = envelope();
        if (mine?.status === 'pending') world.sign(mine);
        if (mine?.status !== 'signed') return;
        await deal.signal(EVENT_SIGNAL, { event: 'envelope.signed', envelopeId: mine.envelopeId });
      },
      (done) => done >= 10 && envelope()?.status === 'signed',
    ),
  ]);
}

it.each(['update', 'signal'] as const)(
  'a deal asked and told things by %s at every moment replays',
  { timeout: 240_000 },
  async (how) => {
    const world = await aSlowWorld();
    const worker = await Worker.create({
      connection,
      taskQueue: how,
      workflowBundle: { codePath: BUNDLE },
      activities: createActivities(world),
    });
    const ids = Array.from({ length: DEALS }, (_, index) => `${how}-${index}`);
    await worker.runUntil(Promise.all(ids.map((dealId) => pesterToTheEnd(world, dealId, how))));

    let cutShort = 0;
    for (const dealId of ids) {
      const history = await client.workflow.getHandle(`deal-${dealId}`).fetchHistory();
      const types = (history.events ?? []).map(({ eventType }) => Number(eventType));
      cutShort += types.filter(
        (type, at) => type === MARKER_RECORDED && types[at + 1] === WORKFLOW_TASK_SCHEDULED,
      ).length;
      await Worker.runReplayHistory({ workflowBundle: { codePath: BUNDLE } }, history, `deal-${dealId}`);
    }
    expect(world.envelopes.map(({ sends }) => sends)).toEqual(ids.map(() => 1));
    // Without a single task cut short this test would have shown nothing.
    expect(cutShort).toBeGreaterThan(0);
  },
);

/**
 * What comes between a local activity and what follows from it, when the task was cut short in between, comes in another order in a replay:
 * signals, timers, the clock itself. Short deadlines and many changes of mind make that happen often.
 */
it('a deal whose time is up, and that people change, while it is asked at every moment replays', async () => {
  const world = await aSlowWorld();
  const taskQueue = 'storm';
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath: BUNDLE },
    activities: createActivities(world),
  });
  const policy = aPolicy({
    readBackFirstMs: 100,
    reviewSlaMs: 200,
    reminders: { firstMs: 100, everyMs: 100, max: 2 },
    expireAfterMs: 700,
  });
  const live = async (dealId: string): Promise<void> => {
    const deal = await client.workflow.start(WORKFLOW_TYPE, {
      workflowId: `deal-${dealId}`,
      taskQueue,
      args: [aDeal({ dealId, policy })],
      memo: { dealId, round: 1 },
    });
    const calm = Date.now() + 8_000;
    let ended = false;
    const over = async (everyMs: number, act: () => Promise<unknown>): Promise<void> => {
      while (!ended) {
        await pause(Math.random() * everyMs);
        await act().catch(() => undefined);
      }
    };
    const amend = () =>
      deal.signal('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: `change ${Math.random()}` });
    await Promise.all([
      deal.result().finally(() => (ended = true)),
      over(60, () => deal.query(DEAL_QUERY)),
      over(600, () => deal.signal('review', approve)),
      over(900, () => deal.signal('remind', { by: 'otto' })),
      over(1500, async () => Date.now() < calm && amend()),
    ]);
  };
  const ids = Array.from({ length: 8 }, (_, index) => `storm-${index}`);
  await worker.runUntil(Promise.all(ids.map(live)));
  for (const dealId of ids) {
    const history = await client.workflow.getHandle(`deal-${dealId}`).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { codePath: BUNDLE } }, history, `deal-${dealId}`);
  }
  expect(new Set(world.envelopes.map(({ status }) => status))).toEqual(new Set(['voided']));
}, 180_000);
