/**
 * What deals cost a year at Temporal Cloud, by its list prices for paying as one goes (docs.temporal.io/cloud/pricing, read in November 2026,
 * Business plan, US dollars). Check them before you rely on them: prices change, and commitments are cheaper.
 */
import type { DealCost } from './actions.js';

/** Actions of a month, in millions, up to which a price holds, and the price of a million. */
const ACTION_TIERS: readonly { upTo: number; dollars: number }[] = [
  { upTo: 5, dollars: 50 },
  { upTo: 10, dollars: 45 },
  { upTo: 20, dollars: 40 },
  { upTo: 50, dollars: 35 },
  { upTo: 100, dollars: 30 },
  // Beyond 200 million the price is agreed on; this is the last that is published.
  { upTo: Infinity, dollars: 25 },
];
const DOLLARS_PER_ACTIVE_GBH = 0.042;
const DOLLARS_PER_RETAINED_GBH = 0.00105;
/** The plan itself: a tenth of what is used, at least this much a month. Its own allowances are left out of the reckoning. */
const PLAN = { share: 0.1, leastDollarsAMonth: 500 };

/** How long a deal is open, and how long its history is kept after that. */
const OPEN_DAYS = 10;
const RETENTION_DAYS = 30;
const DEALS_A_YEAR = 1_000_000;

export interface YearlyCost {
  dealsAYear: number;
  millionActionsAMonth: number;
  dollars: { actions: number; activeStorage: number; retainedStorage: number; plan: number; total: number };
}

/** A million deals a year, spread evenly over its months. */
export function yearlyCostOf({ actions, historyBytes }: Pick<DealCost, 'actions' | 'historyBytes'>): YearlyCost {
  const millions = (DEALS_A_YEAR * actions) / 12 / 1e6;
  const gigabytes = (DEALS_A_YEAR * historyBytes) / 1e9;
  const forActions = monthlyDollarsFor(millions) * 12;
  const activeStorage = gigabytes * OPEN_DAYS * 24 * DOLLARS_PER_ACTIVE_GBH;
  const retainedStorage = gigabytes * RETENTION_DAYS * 24 * DOLLARS_PER_RETAINED_GBH;
  const used = forActions + activeStorage + retainedStorage;
  const plan = Math.max(used * PLAN.share, PLAN.leastDollarsAMonth * 12);
  return {
    dealsAYear: DEALS_A_YEAR,
    millionActionsAMonth: Math.round(millions * 100) / 100,
    dollars: {
      actions: Math.round(forActions),
      activeStorage: Math.round(activeStorage),
      retainedStorage: Math.round(retainedStorage),
      plan: Math.round(plan),
      total: Math.round(used + plan),
    },
  };
}

function monthlyDollarsFor(millions: number): number {
  let dollars = 0;
  let below = 0;
  for (const { upTo, dollars: price } of ACTION_TIERS) {
    if (millions <= below) break;
    dollars += (Math.min(millions, upTo) - below) * price;
    below = upTo;
  }
  return dollars;
}
