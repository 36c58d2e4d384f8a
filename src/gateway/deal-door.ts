/** The desk as deals from the CRM come to it. */
import type { DealDoor } from '../crm/taking.js';
import { isFinal } from '../deal/stages.js';
import type { Desk } from './desk.js';
import { Problem } from './problem.js';

/** Refusals that another try cannot change: something of the request must. */
const OF_THE_REQUEST = ['invalid-body', 'other-round', 'workflow-id-taken', 'envelope-taken', 'deal-ended'];

export function createDealDoor(desk: Pick<Desk, 'start' | 'read' | 'tell'>): DealDoor {
  return {
    async start(request) {
      try {
        return { kind: (await desk.start(request)).started ? 'started' : 'open' };
      } catch (error) {
        if (error instanceof Problem && OF_THE_REQUEST.includes(error.kind))
          return { kind: 'refused', why: error.message };
        throw error;
      }
    },

    async standing(dealId, round) {
      const snapshot = await orUndefined(['unknown-deal'], () => desk.read(dealId, round));
      if (!snapshot) return 'unknown';
      return isFinal(snapshot.stage) ? { ended: snapshot.stage } : 'open';
    },

    async cancel(dealId, why) {
      // `not-now`: it is signed, or being cancelled already.
      const gone = ['unknown-deal', 'deal-ended', 'not-now'];
      return (await orUndefined(gone, () => desk.tell(dealId, 'cancel', { reason: why }))) !== undefined;
    },
  };
}

async function orUndefined<T>(kinds: readonly string[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Problem && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}
