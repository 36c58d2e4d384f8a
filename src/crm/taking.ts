/** What is to become of a deal that the CRM tells of: decided from its record and from what is known of its run, then carried out. */
import type { DealRequest } from '../deal/request.js';
import type { CrmIntake } from './intake.js';

/** The deals as they are reached from here. Every call may be repeated. */
export interface DealDoor {
  /** Starts the deal, or attaches to it. `refused`: the request cannot become a deal; `why` says what is wrong with it. */
  start(request: DealRequest): Promise<{ kind: 'started' | 'open' } | { kind: 'refused'; why: string }>;
  /** What is known of the deal's round. */
  standing(dealId: string, round: number): Promise<'open' | 'unknown' | { ended: string }>;
  /** Takes the deal's contract back; false when none is open. */
  cancel(dealId: string, why: string): Promise<boolean>;
}

export type Plan =
  | { kind: 'start'; request: DealRequest }
  | { kind: 'cancel'; why: string }
  | { kind: 'explain'; why: string }
  | { kind: 'leave'; because: 'open' | 'ended' | 'other' };

/** Reads only. Throws `CrmError`, and what the door throws when Temporal is away. */
export async function planFor(intake: CrmIntake, door: DealDoor, dealId: string): Promise<Plan> {
  const deal = await intake.look(dealId);
  switch (deal.kind) {
    case 'other':
      return { kind: 'leave', because: 'other' };
    case 'unfit':
      return { kind: 'explain', why: deal.why };
    case 'withdrawn':
      return { kind: 'cancel', why: deal.why };
    case 'wanted': {
      const { request, recorded } = deal;
      const round = request.round ?? 1;
      const standing = await door.standing(request.dealId, round);
      if (standing === 'open') return { kind: 'leave', because: 'open' };
      if (standing === 'unknown' && !recorded) return { kind: 'start', request };
      if (standing === 'unknown')
        return { kind: 'explain', why: `Its contract was made before, and that run is forgotten. ${again(round)}` };
      if (standing.ended === 'completed') return { kind: 'leave', because: 'ended' };
      return { kind: 'explain', why: `Its contract has ended: ${standing.ended}. ${again(round)}` };
    }
  }
}

function again(round: number): string {
  return `To do it again, set the round to ${round + 1}.`;
}

/** `refused`: no contract comes of it, and the CRM was told why. */
export interface Taking {
  result: 'started' | 'open' | 'ended' | 'other' | 'cancelled' | 'refused';
  why?: string;
}

/** Carries a plan out. Safe to repeat after being cut off anywhere. */
export async function carryOut(plan: Plan, intake: CrmIntake, door: DealDoor, dealId: string): Promise<Taking> {
  switch (plan.kind) {
    case 'leave':
      return { result: plan.because };
    case 'cancel':
      return (await door.cancel(dealId, `withdrawn in the CRM: ${plan.why}`))
        ? { result: 'cancelled', why: plan.why }
        : { result: 'other' };
    case 'explain':
      await intake.explain(dealId, plan.why);
      return { result: 'refused', why: plan.why };
    case 'start': {
      const started = await door.start(plan.request);
      if (started.kind !== 'refused') return { result: started.kind };
      await intake.explain(dealId, started.why);
      return { result: 'refused', why: started.why };
    }
  }
}
