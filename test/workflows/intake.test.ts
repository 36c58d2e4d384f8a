/** Deals that come from the CRM's own records, on a real Temporal server; only the outside is on paper. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { CrmError } from '../../src/crm/crm.js';
import type { CrmDeal } from '../../src/crm/intake.js';
import { BACKFILL_SCHEDULE, BACKFILL_TYPE, type Tally } from '../../src/deal/intake.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { createDealDoor } from '../../src/gateway/deal-door.js';
import { createDesk } from '../../src/gateway/desk.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { ensureBackfill } from '../../src/temporal/backfill-schedule.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { POLICIES } from '../gateway/a-gateway.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const QUEUE = 'intake-test';

let server: StartedDevServer;
let temporal: TemporalClient;
let native: NativeConnection;
let world: PaperWorld;
let worker: Worker;
let working: Promise<void>;
let deals: ReturnType<typeof createTemporalDeals>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await startDevServer();
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  native = await NativeConnection.connect({ address: server.address });
  world = aPaperWorld(await aSignedPdf());
  deals = createTemporalDeals(temporal, { namespace: 'default', taskQueue: QUEUE });
  const desk = createDesk(
    { deals, signing: { atlas: world.provider }, policies: POLICIES },
    { role: 'operator', name: 'crm', named: true },
  );
  worker = await Worker.create({
    connection: native,
    taskQueue: QUEUE,
    workflowBundle: { codePath: BUNDLE },
    activities: createActivities({
      ...world,
      door: createDealDoor(desk),
    }),
  });
  working = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await working;
  await native.close();
  await temporal.connection.close();
  await server.stop();
});

function wanted(dealId: string, more: object = {}): CrmDeal {
  const request = {
    dealId,
    documentType: 'order-form',
    document: { uri: 'file:contracts/order-form.pdf' },
    parties: [{ email: 'ada@customer.example', role: 'Customer' }],
    ...more,
  };
  return { kind: 'wanted', request, recorded: false };
}

/** What becomes of these deals when a notification tells of them. */
async function told(...dealIds: string[]): Promise<Tally> {
  const id = dealIds.join('-');
  await deals.take({ crm: 'paper', dealIds }, id);
  return (await temporal.client.workflow.getHandle(`crm-paper-${id}`).result()) as Tally;
}

async function snapshotOf(dealId: string): Promise<DealSnapshot> {
  const read = await deals.read(dealId);
  if (read.kind === 'unknown') throw new Error(`no deal ${dealId}`);
  return read.snapshot;
}

async function untilStage(dealId: string, stage: DealSnapshot['stage']): Promise<void> {
  await vi.waitFor(async () => expect((await snapshotOf(dealId)).stage).toBe(stage), {
    timeout: 20_000,
    interval: 100,
  });
}

describe('a notification of the CRM', () => {
  it('starts each deal that wants a contract, once, and says why others get none', async () => {
    world.wanted.set('n1', wanted('n1'));
    world.wanted.set('n2', wanted('n2', { documentType: 'no-such-type' }));
    world.wanted.set('n3', { kind: 'unfit', why: 'Nobody is the signer “Customer”.' });
    const tally = await told('n1', 'n2', 'n3', 'n4');
    expect(tally.counts).toEqual({ started: 1, refused: 2, other: 1 });
    expect(world.explained).toEqual(
      expect.arrayContaining([
        { dealId: 'n2', why: expect.stringContaining('documentType: is not in the document types file') as unknown },
        { dealId: 'n3', why: 'Nobody is the signer “Customer”.' },
      ]),
    );
    await untilStage('n1', 'in-review');
    expect((await told('n1', 'n4')).counts).toEqual({ open: 1, other: 1 });
    expect(world.envelopes.filter(({ externalId }) => externalId === 'deal-n1/r1')).toHaveLength(1);
  });

  it('starts one deal though the same notification comes many times at once', async () => {
    world.wanted.set('twice', wanted('twice'));
    await Promise.all(Array.from({ length: 8 }, () => deals.take({ crm: 'paper', dealIds: ['twice'] }, 'same')));
    await untilStage('twice', 'in-review');
    expect(world.envelopes.filter(({ externalId }) => externalId === 'deal-twice/r1')).toHaveLength(1);
  });

  it('takes the contract of a lost deal back, in the CRM’s name', async () => {
    world.wanted.set('lost', wanted('lost'));
    await told('lost');
    await untilStage('lost', 'in-review');
    world.wanted.set('lost', { kind: 'withdrawn', why: 'moved to Closed lost' });
    expect((await told('lost')).counts).toEqual({ cancelled: 1 });
    await untilStage('lost', 'cancelled');
    const { timeline } = await snapshotOf('lost');
    expect(timeline).toContainEqual(
      expect.objectContaining({ by: 'crm', what: 'cancel asked: withdrawn in the CRM: moved to Closed lost' }),
    );
  });

  it('waits for a CRM that is away or refuses, as a deal must not be forgotten', async () => {
    world.wanted.set('later', wanted('later'));
    world.mishaps.push({ call: 'look', error: new CrmError('unavailable', 'slow down', { retryAfterMs: 50 }) });
    world.mishaps.push({ call: 'look', error: new CrmError('refused', 'the token has expired') });
    expect((await told('later')).counts).toEqual({ started: 1 });
  });
});

describe('deals that the CRM cannot be asked about', () => {
  it('hold up no other of their notification', async () => {
    const look = world.intake.look.bind(world.intake);
    world.intake.look = (dealId) =>
      dealId.startsWith('stuck') ? Promise.reject(new CrmError('refused', 'no right to see it')) : look(dealId);
    world.wanted.set('free', wanted('free'));
    const stuck = Array.from({ length: 8 }, (_, at) => `stuck-${at}`);
    await deals.take({ crm: 'paper', dealIds: [...stuck, 'free'] }, 'stuck');
    await untilStage('free', 'in-review');
    await temporal.client.workflow.getHandle('crm-paper-stuck').terminate();
    world.intake.look = look;
  });
});

describe('the back-fill', () => {
  it('starts every waiting deal, page by page, and none twice', async () => {
    world.wanted.clear();
    for (const dealId of ['b1', 'b2', 'b3', 'b4', 'b5']) world.wanted.set(dealId, wanted(dealId));
    await told('b2');
    const run = { workflowId: 'backfill-once', taskQueue: QUEUE, args: [] as [] };
    const tally = (await temporal.client.workflow.execute(BACKFILL_TYPE, run)) as Tally;
    expect(tally.counts).toEqual({ started: 4, open: 1 });
  });

  it('runs by a schedule that the set-up makes, changes and takes away', async () => {
    world.wanted.clear();
    world.wanted.set('polled', wanted('polled'));
    const { client } = temporal;
    expect(await ensureBackfill(client, QUEUE, null)).toBe('back-fill: not scheduled (CRM_BACKFILL_EVERY)');
    expect(await ensureBackfill(client, QUEUE, 3_600_000)).toBe('back-fill: every 3600 s');
    expect(await ensureBackfill(client, QUEUE, 1_000)).toBe('back-fill: every 1 s');
    await untilStage('polled', 'in-review');
    const { spec } = await client.schedule.getHandle(`${BACKFILL_SCHEDULE}-${QUEUE}`).describe();
    expect(spec.intervals).toMatchObject([{ every: 1_000 }]);
    expect(await ensureBackfill(client, QUEUE, null)).toBe('back-fill: no longer scheduled');
  });
});
