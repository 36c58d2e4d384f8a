/**
 * How deals come from the CRM's own records. Temporal is the inbox of the CRM's notifications: the gateway answers once it holds one, and
 * the CRM is read from here, for as long as that takes.
 */
import {
  ActivityFailure,
  continueAsNew,
  log,
  metricMeter,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { countIn, emptyTally, type TakeFromCrm, type Tally } from '../deal/intake.js';
import { PATIENT } from './activities.js';

/** Nobody tells a second time of a deal whose notification was taken, so it is tried for days. */
const patient = { ...PATIENT, scheduleToCloseTimeout: '3 days' } as const;
/** The next back-fill finds whatever this one gives up, and must not wait for long behind it. */
const brisk = { ...PATIENT, scheduleToCloseTimeout: '10 minutes' } as const;

/** Deals that a back-fill reads from the CRM at once: its rate limits are shared with the company's other programs. */
const SIDE_BY_SIDE = 5;

/** The deals of one notification, all side by side: one that cannot be read holds up no other. */
export async function takeFromCrm({ dealIds }: TakeFromCrm): Promise<Tally> {
  const tally = emptyTally();
  await Promise.all(dealIds.map((dealId) => take(dealId, patient, tally)));
  return tally;
}

/** Every deal that waits in the CRM, a page a run. */
export async function backfillFromCrm(cursor?: string, kept?: Tally): Promise<Tally> {
  const tally = kept ?? emptyTally();
  const { dealsWanting } = proxyActivities<Activities>({ ...brisk, summary: 'list the deals that wait in the CRM' });
  const page = await dealsWanting(cursor === undefined ? {} : { cursor });
  const waiting = [...page.dealIds];
  const takeSome = async (): Promise<void> => {
    for (let dealId = waiting.shift(); dealId !== undefined; dealId = waiting.shift()) await take(dealId, brisk, tally);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, takeSome));
  if (page.next !== null) await continueAsNew<typeof backfillFromCrm>(page.next, tally);
  return tally;
}

async function take(dealId: string, options: ActivityOptions, tally: Tally): Promise<void> {
  const { takeDeal } = proxyActivities<Activities>({ ...options, summary: `look at deal ${dealId}` });
  const taking = await takeDeal({ dealId }).catch((error: unknown) => {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('a deal of the CRM was given up', { dealId });
    return { result: 'failed' };
  });
  metricMeter.createCounter('countersign_crm_deals_taken').add(1, { result: taking.result });
  countIn(tally, dealId, taking);
}
