import { z } from 'zod';
import { isRefusal, REFUSALS } from '../../deal/refusals.js';
import { FINAL_STAGES, OPEN_STAGES } from '../../deal/stages.js';
import { tenant } from '../bodies.js';
import type { DealLine } from '../deal-list.js';
import { quoted, titleOf } from './telling.js';
import { isPast, sinceWords } from './times.js';
import type { Tool } from './tool.js';

const HOUR = 3_600_000;

const input = z.strictObject({
  stage: z.enum([...OPEN_STAGES, ...FINAL_STAGES]).optional(),
  blocked: z
    .union([z.boolean(), z.enum(Object.keys(REFUSALS).filter(isRefusal))], 'must be true, false or a reason')
    .optional()
    .meta({ description: 'true for those that stand still, false for those that do not, or one reason' }),
  documentType: z.string().min(1).max(200).optional(),
  tenant: tenant.optional(),
  inStageForHours: z
    .number()
    .min(0)
    .max(100_000)
    .optional()
    .meta({ description: 'Only those that have been in their stage for at least so long' }),
  open: z.boolean().default(true).meta({ description: 'false: deals that have ended too' }),
  limit: z.int().min(1).max(100).default(20),
  cursor: z
    .string()
    .max(4000)
    .regex(/^[\w-]+$/, 'must be the next of an earlier answer')
    .optional(),
});

const line = z.object({
  dealId: z.string(),
  round: z.int(),
  stage: z.string().nullable(),
  blocked: z.string().nullable(),
  documentType: z.string().nullable(),
  open: z.boolean(),
  since: z.string().nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  reviewOverdue: z.boolean(),
});

export const LIST_DEALS: Tool<typeof input> = {
  name: 'list_deals',
  title: 'List deals',
  description:
    'Lists deals, newest first, by stage, by what blocks them, by document type or by how long they have been in their stage. ' +
    'Without a filter: all that are open. The list can be a moment behind; explain_deal is exact.',
  input,
  output: z.object({
    deals: z.array(line),
    next: z.string().nullable().meta({ description: 'The cursor of the next page; null on the last' }),
    total: z.int().meta({ description: 'How many there are on all pages' }),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },

  async run({ stage, blocked, documentType, tenant, inStageForHours, open, limit, cursor }, { desk, now }) {
    const at = now();
    const filter = {
      ...(stage && { stage }),
      ...(blocked !== undefined && { blocked }),
      ...(documentType !== undefined && { documentType }),
      ...(tenant !== undefined && { tenant }),
      ...(inStageForHours !== undefined && { since: new Date(at.getTime() - inStageForHours * HOUR).toISOString() }),
      // Whoever asks for a final stage means deals that have ended.
      ...(open && !FINAL_STAGES.some((final) => final === stage) && { open }),
    };
    const { deals, next } = await desk.list({ ...filter, limit, ...(cursor !== undefined && { cursor }) });
    const whole = next === null && cursor === undefined;
    const total = whole ? deals.length : await desk.count(filter);
    const head =
      deals.length === 0
        ? 'No deal is so.'
        : `${total} ${total === 1 ? 'deal is' : 'deals are'} so${whole ? '' : `; here are ${deals.length}`}:`;
    const more = next === null ? [] : ['There are more: ask again with the cursor that "next" gives.'];
    return {
      text: [head, ...deals.map((deal) => wordsOf(deal, at)), ...more].join('\n'),
      data: { deals: deals.map((deal) => dataOf(deal, at)), next, total },
    };
  },
};

function dataOf(deal: DealLine, now: Date): z.output<typeof line> {
  const { dealId, round, stage, blocked, documentType, open, since, startedAt, endedAt } = deal;
  const reviewOverdue = isOverdue(deal, now);
  return { dealId, round, stage, blocked, documentType, open, since, startedAt, endedAt, reviewOverdue };
}

function wordsOf(deal: DealLine, now: Date): string {
  const { stage, blocked, documentType, since } = deal;
  const type = documentType === null ? '' : ` (${quoted(documentType)})`;
  const what = [
    `${stage ?? 'stage unknown'}${since === null ? '' : ` ${sinceWords(since, now)}`}`,
    blocked && `blocked by ${blocked}`,
    isOverdue(deal, now) && 'review overdue',
  ].filter(Boolean);
  return `- ${titleOf(deal)}${type}: ${what.join(', ')}`;
}

function isOverdue({ open, reviewDue }: DealLine, now: Date): boolean {
  return open && reviewDue !== null && isPast(reviewDue, now);
}
