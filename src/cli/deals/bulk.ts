/** One message to many deals, one after the other, so that it can be stopped and gone on with at any deal. */
import { setTimeout as wait } from 'node:timers/promises';
import { knownProblem } from '../failure.js';
import { discreet } from '../discreet.js';
import type { Problem } from '../../gateway/problem.js';
import type { DealsDesk } from './gateway-desk.js';
import type { Journal, JournalFile, JournalResult } from './journal.js';
import { resultOf } from './tell.js';

export const BULK_ACTIONS = ['remind', 'resume', 'cancel'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export interface Outcome {
  dealId: string;
  result: JournalResult['result'];
  /** The kind of the problem and its words, of what was refused or failed. */
  kind?: string;
  why?: string;
}

export interface BulkParts {
  desk: Pick<DealsDesk, 'tell'>;
  action: BulkAction;
  body: object;
  /** Names the run: the key of each message comes from it. */
  journalId: string;
  journal: Pick<JournalFile, 'write'>;
  dealIds: readonly string[];
  /** Deals a second. */
  rate: number;
  /** When it aborts, the deal under way is the last. */
  signal: AbortSignal;
  tell: (outcome: Outcome) => void;
  /** How long to wait before a message that got no answer is sent again, in milliseconds. */
  retryMs?: number;
}

const TRIES = 3;
/** When so many in a row fail, something is away that a person should look at. */
const GIVE_UP_AFTER = 10;

/** Deals of the journal that are still to be acted on: those without a result, and those that failed. */
export function remaining({ head, results }: Journal): string[] {
  return head.deals.filter((dealId) => (results.get(dealId)?.result ?? 'failed') === 'failed');
}

/** Settles when all are done, when the signal aborts or when ten in a row failed. Throws what would meet every deal: a refused token, say. */
export async function actOnAll(parts: BulkParts): Promise<'all' | 'interrupted' | 'given-up'> {
  const { dealIds, rate, signal, journal, tell } = parts;
  let failedInARow = 0;
  let next = Date.now();
  for (const dealId of dealIds) {
    await pause(next - Date.now(), signal);
    if (signal.aborted) return 'interrupted';
    next = Math.max(next, Date.now() - 1000 / rate) + 1000 / rate;
    const outcome = await actOn(parts, dealId);
    const { result, kind } = outcome;
    await journal.write({ deal: dealId, at: new Date().toISOString(), result, ...(kind !== undefined && { kind }) });
    tell(outcome);
    failedInARow = result === 'failed' ? failedInARow + 1 : 0;
    if (failedInARow >= GIVE_UP_AFTER) return 'given-up';
  }
  return 'all';
}

async function actOn(parts: BulkParts, dealId: string): Promise<Outcome> {
  const { desk, action, body, journalId, signal, retryMs = 2_000 } = parts;
  for (let tried = 1; ; tried++) {
    try {
      return { dealId, result: resultOf(await desk.tell(dealId, action, body, `bulk ${journalId} ${dealId}`)) };
    } catch (error) {
      const problem = knownProblem(error);
      if (!problem) throw error;
      const outcome = outcomeOf(dealId, problem);
      if (!outcome) throw error;
      if (outcome.result === 'refused' || tried === TRIES || signal.aborted) return outcome;
    }
    await pause(retryMs * tried, signal);
  }
}

/** Undefined for what is not this deal's matter. */
function outcomeOf(dealId: string, { status, kind, message }: Problem): Outcome | undefined {
  const why = discreet(message);
  if (status === 404 || status === 409) return { dealId, result: 'refused', kind, why };
  return status >= 500 || status === 429 ? { dealId, result: 'failed', kind, why } : undefined;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await wait(milliseconds, undefined, { signal }).catch(() => undefined);
}
