/** One tenant's flood does not stand before another's deal. The same flood without fairness is the control. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { openTemporal } from '../../src/temporal/connection.js';
import { aDeal } from '../support/deals.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer } from '../support/temporal-servers.js';

const FLOOD = 40;
const QUEUE = 'tenants-test';

/** How many deals of the flood had a draft when the one deal of another tenant, which came last, got its own, and how long that took. */
async function draftsBeforeTheOther(fair: boolean): Promise<{ before: number; seconds: number }> {
  const server = await startDevServer({ fair, partitions: 1 });
  const temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  try {
    const deals = createTemporalDeals(temporal, { namespace: 'default', taskQueue: QUEUE });
    // One after the other: a busy machine would not take them all at once in time.
    for (let at = 0; at < FLOOD; at += 1) await deals.start(aDeal({ dealId: `a-${at}`, tenant: 'acme' }));
    await deals.start(aDeal({ dealId: 'b-1', tenant: 'globex' }));

    const connection = await NativeConnection.connect({ address: server.address });
    const world = aPaperWorld(await aSignedPdf());
    const worker = await Worker.create({
      connection,
      taskQueue: QUEUE,
      workflowBundle: { codePath: BUNDLE },
      activities: createActivities(world),
      maxConcurrentWorkflowTaskExecutions: 2,
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
      maxConcurrentActivityTaskExecutions: 1,
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
    });
    const ofOther = () => world.envelopes.findIndex(({ externalId }) => externalId === 'deal-b-1/r1');
    const began = performance.now();
    await worker.runUntil(() => expect.poll(ofOther, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(0));
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    await connection.close();
    return { before: ofOther(), seconds };
  } finally {
    await temporal.connection.close();
    await server.stop();
  }
}

it('lets the deal of another tenant past most of a flood, and without fairness it waits behind it', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const [fair, unfair] = [await draftsBeforeTheOther(true), await draftsBeforeTheOther(false)];
  const told = JSON.stringify({ flood: FLOOD, fair, unfair });
  process.stdout.write(`drafts of the flood before the other tenant's: ${told}\n`);
  expect(fair.before).toBeLessThan(FLOOD / 2);
  expect(unfair.before).toBeGreaterThan(FLOOD / 2);
}, 120_000);
