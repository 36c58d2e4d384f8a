/** The filters of the list of deals, as its form has them in the address. */
import { z } from 'zod';
import { isRefusal, REFUSALS, type Refusal } from '../../deal/refusals.js';
import { FINAL_STAGES, isFinal, OPEN_STAGES } from '../../deal/stages.js';
import type { DealFilter } from '../deal-list.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How long in its stage, by the name in the address. */
export const AGES = {
  '1h': { words: 'an hour', ms: HOUR },
  '4h': { words: '4 hours', ms: 4 * HOUR },
  '1d': { words: 'a day', ms: DAY },
  '3d': { words: '3 days', ms: 3 * DAY },
  '7d': { words: 'a week', ms: 7 * DAY },
  '14d': { words: '2 weeks', ms: 14 * DAY },
  '30d': { words: '30 days', ms: 30 * DAY },
} as const;

export type Age = keyof typeof AGES;

export const ageNames = Object.keys(AGES).filter((name): name is Age => name in AGES);
export const refusalNames: Refusal[] = Object.keys(REFUSALS).filter(isRefusal);

/** What cannot be read counts as not chosen: an old bookmark must not be an error. */
const choices = z.object({
  stage: z
    .enum(['all', ...OPEN_STAGES, ...FINAL_STAGES])
    .optional()
    .catch(undefined),
  blocked: z
    .enum(['any', 'no', ...refusalNames])
    .optional()
    .catch(undefined),
  type: z.string().min(1).max(200).optional().catch(undefined),
  age: z.enum(ageNames).optional().catch(undefined),
  cursor: z
    .string()
    .regex(/^[\w-]{1,4000}$/)
    .optional()
    .catch(undefined),
});

export type Choices = z.output<typeof choices>;

export function readChoices(query: unknown): Choices {
  return choices.parse(query);
}

export function filterOf({ stage, blocked, type, age, cursor }: Choices, now: number, limit: number): DealFilter {
  const ended = stage !== undefined && stage !== 'all' && isFinal(stage);
  return {
    ...(stage !== undefined && stage !== 'all' && { stage }),
    // Of deals that were cut off from outside the stage still says something open.
    ...(stage !== 'all' && !ended && { open: true }),
    ...(blocked !== undefined && { blocked: blocked === 'any' ? true : blocked === 'no' ? false : blocked }),
    ...(type !== undefined && { documentType: type }),
    ...(age !== undefined && { since: new Date(now - AGES[age].ms).toISOString() }),
    ...(cursor !== undefined && { cursor }),
    limit,
  };
}

/** The address of the list with these choices. */
export function addressOf(chosen: Choices): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(chosen)) if (value !== undefined) query.set(name, value);
  return query.size > 0 ? `/console/deals?${query.toString()}` : '/console/deals';
}
