import { workflowInfo } from '@temporalio/workflow';
import type { DealState } from '../deal/state.js';

/**
 * Sets the deal's clock, which dates what the deal shows and counts how long its timers run. Nothing may be decided by it: a replay may see
 * another time (see `alarm.ts`).
 */
export function tick(deal: DealState): void {
  deal.clock = new Date().toISOString();
  deal.events = deal.eventsBefore + workflowInfo().historyLength;
}

/** Milliseconds since the epoch. */
export function timeOf(deal: DealState): number {
  return Date.parse(deal.clock);
}
