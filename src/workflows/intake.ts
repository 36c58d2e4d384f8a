/**
 * How deals come from the CRM's own records. Temporal is the inbox of the CRM's notifications: the gateway answers once it holds one, and
 * the CRM is read from here, for as long as that takes.
 */
import { continueAsNew, metricMeter, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { countIn, emptyTally, type TakeFromCrm, type Tally } from '../deal/intake.js';

/** A CRM that is away or refuses is tried for days; then the back-fill finds the deal, as long as it waits there. */
const { takeDeal, dealsWanting } = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '3 days',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** Deals that are read from the CRM at once: its rate limits are shared with the company's other programs. */
const SIDE_BY_SIDE = 5;

/** The deals of one notification. */
export async function takeFromCrm({ dealIds }: TakeFromCrm): Promise<Tally> {
  const tally = emptyTally();
  await takeAll(dealIds, tally);
  return tally;
}

/** Every deal that waits in the CRM, a page a run. */
export async function backfillFromCrm(cursor?: string, kept?: Tally): Promise<Tally> {
  const tally = kept ?? emptyTally();
  const page = await dealsWanting(cursor === undefined ? {} : { cursor });
  await takeAll(page.dealIds, tally);
  if (page.next !== null) await continueAsNew<typeof backfillFromCrm>(page.next, tally);
  return tally;
}

async function takeAll(dealIds: readonly string[], tally: Tally): Promise<void> {
  const waiting = [...dealIds];
  const takeSome = async (): Promise<void> => {
    for (let dealId = waiting.shift(); dealId !== undefined; dealId = waiting.shift()) {
      const taking = await takeDeal.executeWithOptions({ summary: `look at deal ${dealId}` }, [{ dealId }]);
      metricMeter.createCounter('countersign_crm_deals_taken').add(1, { result: taking.result });
      countIn(tally, dealId, taking);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, takeSome));
}
