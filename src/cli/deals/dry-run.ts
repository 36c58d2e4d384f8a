/** What a bulk action would do, asked of each deal. Nothing is written anywhere. */
import { knownProblem } from '../failure.js';
import { discreet } from '../discreet.js';
import type { BulkAction } from './bulk.js';
import type { DealsDesk } from './gateway-desk.js';

export interface Prospect {
  dealId: string;
  /** Null when the deal did not answer. */
  possible: boolean | null;
  /** Where the deal stands, or why it does not tell. */
  standing: string;
}

const AT_ONCE = 5;

/** In the order of the deals. */
export async function prospects(
  desk: Pick<DealsDesk, 'read'>,
  action: BulkAction,
  dealIds: readonly string[],
  progress: (done: number) => void,
): Promise<Prospect[]> {
  const found = new Map<string, Prospect>();
  const waiting = dealIds.values();
  const askNext = async (): Promise<void> => {
    for (const dealId of waiting) {
      found.set(dealId, await prospect(desk, action, dealId));
      progress(found.size);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return dealIds.flatMap((dealId) => found.get(dealId) ?? []);
}

async function prospect(desk: Pick<DealsDesk, 'read'>, action: BulkAction, dealId: string): Promise<Prospect> {
  try {
    const { actions, stage, blocked } = await desk.read(dealId);
    return {
      dealId,
      possible: actions.includes(action),
      standing: blocked ? `${stage}, blocked (${blocked.reason})` : stage,
    };
  } catch (error) {
    const problem = knownProblem(error);
    if (!problem || problem.status === 401 || problem.status === 403) throw error;
    return { dealId, possible: null, standing: discreet(problem.message) };
  }
}
