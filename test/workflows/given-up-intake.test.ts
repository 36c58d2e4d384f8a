/** A back-fill that meets a deal which the CRM will not tell of, with time skipped. */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { CrmError } from '../../src/crm/crm.js';
import { BACKFILL_TYPE, type Tally } from '../../src/deal/intake.js';
import { aDealRunner, type DealRunner } from '../support/deal-runner.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld } from '../support/paper-world.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(new Uint8Array());
});
afterAll(() => deals.stop());

it('is given up after a while and counted, and the others are started', async () => {
  const world = aPaperWorld(new Uint8Array());
  for (const dealId of ['stuck', 'free'])
    world.wanted.set(dealId, { kind: 'wanted', request: { dealId, documentType: 'order-form' }, recorded: false });
  const look = world.intake.look.bind(world.intake);
  world.intake.look = (dealId) =>
    dealId === 'stuck' ? Promise.reject(new CrmError('refused', 'no right to see it')) : look(dealId);
  world.door.start = async () => ({ kind: 'started' });
  const worker = await Worker.create({
    connection: deals.env.nativeConnection,
    taskQueue: 'backfill',
    workflowBundle: { codePath: BUNDLE },
    activities: createActivities(world),
  });
  const run = { workflowId: 'backfill', taskQueue: 'backfill', args: [] as [] };
  const { counts } = await worker.runUntil<Tally>(deals.env.client.workflow.execute(BACKFILL_TYPE, run));
  expect(counts).toEqual({ started: 1, failed: 1 });
});
