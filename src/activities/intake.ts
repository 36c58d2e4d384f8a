/** Deals that come from the CRM's own records. */
import { log } from '@temporalio/activity';
import { CrmError } from '../crm/crm.js';
import type { CrmIntake } from '../crm/intake.js';
import { carryOut, planFor, type DealDoor, type Taking } from '../crm/taking.js';
import { tryLater } from './failures.js';

export interface IntakeDeps {
  intake: CrmIntake;
  door: DealDoor;
}

export function createIntakeActivities({ intake, door }: IntakeDeps) {
  /** Reads the deal in the CRM and does what its record asks for: starts it, cancels it, says why not, or nothing. */
  async function takeDeal({ dealId }: { dealId: string }): Promise<Taking> {
    return patiently(async () => {
      const plan = await planFor(intake, door, dealId);
      const taking = await carryOut(plan, intake, door, dealId);
      if (taking.result === 'refused') log.warn('no contract comes of a deal that wants one', { why: taking.why });
      else log.info('deal of the CRM looked at', { result: taking.result });
      return taking;
    });
  }

  /** One page of the deals that wait for their contract in the CRM. */
  async function dealsWanting({ cursor }: { cursor?: string }): Promise<{ dealIds: string[]; next: string | null }> {
    return patiently(() => intake.wanting(cursor));
  }

  return { takeDeal, dealsWanting };
}

/** Whatever the CRM refuses, a later try may find mended: nobody is told again of a deal whose event was given up. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
    throw tryLater(error.kind === 'unavailable' ? 'crm-away' : 'crm-refused', error.message, error.retryAfterMs);
  }
}
