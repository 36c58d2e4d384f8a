/** Look before you repeat: what an earlier try, whose answer was lost, has left at the provider. */
import { activityInfo, log } from '@temporalio/activity';
import type { EnvelopeReading, EnvelopeStatus, SigningProvider } from '../signing/provider.js';
import type { Ledger } from '../deal/ledger.js';
import { refuse } from './failures.js';

/** Which step of which revision, and how often it was refused: what its idempotency key is made of. */
export interface StepTry {
  revision: number;
  turn: number;
  /** When the step was first tried, ISO 8601. */
  firstTried: string;
}

/** Atlas forgets idempotency keys after 24 h (Atlas notes 9); an hour is left for the call itself. */
const KEY_LIFE_MS = 23 * 3_600_000;

/** What a second draft must never displace comes first: a contract that is signed or out. */
const ADOPTED_FIRST: readonly EnvelopeStatus[] = ['signed', 'pending', 'draft', 'unknown', 'declined', 'voided'];

/** Whether an earlier try may have reached the provider, so that it must be asked before anything is repeated. */
export function triedBefore({ turn, firstTried }: StepTry): boolean {
  return activityInfo().attempt > 1 || turn > 0 || Date.now() - Date.parse(firstTried) > KEY_LIFE_MS;
}

/** The envelope an earlier try made, if its answer was lost; surplus drafts are voided so that only one can ever be sent. */
export async function adoptEarlier(
  provider: SigningProvider,
  externalId: string,
): Promise<EnvelopeReading | undefined> {
  const found = await provider.findEnvelopes(externalId);
  const kept = ADOPTED_FIRST.map((status) => found.find((reading) => reading.status === status)).find(Boolean);
  if (!kept) return undefined;
  for (const draft of found.filter((reading) => reading.status === 'draft' && reading !== kept)) {
    await provider.voidEnvelope(draft.envelopeId, 'duplicate draft');
    log.warn('surplus draft voided', { envelope_id: draft.envelopeId });
  }
  log.info('envelope created', { envelope_id: kept.envelopeId, adopted: true });
  return kept;
}

/** A place among today's sends; without a budget there is always one. */
export async function reserveSend(ledger: Ledger, creditBudget: number | null, send: string): Promise<void> {
  if (creditBudget === null || (await ledger.reserveSend({ send, budget: creditBudget }))) return;
  throw refuse('credit-budget', `${creditBudget} contracts went out today`);
}

export function workflowOf(): { workflowId: string } {
  const workflow = activityInfo().workflowExecution;
  if (!workflow) throw refuse('unexpected', 'this activity runs in a workflow only');
  return workflow;
}
