import { z } from 'zod';
import { dataOf, dealData, entryData } from './deal-data.js';
import { dealWords } from './telling.js';
import { entryWords } from './timeline.js';
import type { Tool } from './tool.js';

/** Newest entries of the timeline that an explanation ends with. */
const RECENT = 10;

export const whichDeal = {
  dealId: z.string().max(200).meta({ description: 'The id of the deal in the CRM' }),
  round: z.int().min(1).max(100).optional().meta({ description: 'The latest by default' }),
};

const input = z.strictObject(whichDeal);

export const EXPLAIN_DEAL: Tool<typeof input> = {
  name: 'explain_deal',
  title: 'Explain a deal',
  description:
    'Says what a deal waits for, why and since when, what would move it on and which people could do that; then what happened to it last.',
  input,
  output: dealData.extend({ recent: z.array(entryData).meta({ description: 'The newest of its timeline' }) }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },

  async run({ dealId, round }, { desk, now }) {
    const at = now();
    const deal = await desk.read(dealId, round);
    const recent = deal.timeline.slice(-RECENT);
    return {
      text: [dealWords(deal, desk.caller, at), 'What happened last:', ...recent.map(entryWords)].join('\n'),
      data: { ...dataOf(deal, desk.caller, at), recent },
    };
  },
};
