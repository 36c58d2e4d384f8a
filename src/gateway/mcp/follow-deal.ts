import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { isFinal } from '../../deal/stages.js';
import { dataOf, dealData, entryData } from './deal-data.js';
import { whichDeal } from './explain-deal.js';
import { dealWords, titleOf } from './telling.js';
import { entriesAfter, entryWords, isMark, lastSeen } from './timeline.js';
import type { Occasion, Tool } from './tool.js';

/** A timeline may have hundreds of entries; the newest are told. */
const MOST = 50;

const input = z.strictObject({
  ...whichDeal,
  seen: z
    .string()
    .refine(isMark, 'must be the seen of an earlier answer')
    .optional()
    .meta({ description: 'The seen of an earlier answer on this deal; without it, what happens from now on counts' }),
  waitSeconds: z.number().min(0).max(60).default(30).meta({ description: 'How long to wait for a change' }),
});

export const FOLLOW_DEAL: Tool<typeof input> = {
  name: 'follow_deal',
  title: 'Follow a deal',
  description:
    'Waits for the next change of a deal and says what it was; answers at once when there has been one since "seen", and when the deal has ended. ' +
    'To go on following, call it again with the seen of its answer.',
  input,
  output: dealData.extend({
    changed: z.boolean(),
    news: z.array(entryData).meta({ description: 'What happened since, oldest first' }),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },

  async run({ dealId, round, seen, waitSeconds }, occasion) {
    const { desk, now, signal, stopping, report, lookEveryMs } = occasion;
    const begun = performance.now();
    let deal = await desk.read(dealId, round);
    const mark = seen ?? lastSeen(deal.timeline);
    const passed = (): number => (performance.now() - begun) / 1000;
    while (!isFinal(deal.stage) && entriesAfter(deal.timeline, mark).length === 0 && passed() < waitSeconds) {
      await report(passed(), waitSeconds, `Deal ${dealId} is ${deal.stage}`);
      await pause(Math.min(lookEveryMs, (waitSeconds - passed()) * 1000), occasion);
      if (signal.aborted || stopping.aborted) break;
      deal = await desk.read(dealId, round);
    }
    const news = entriesAfter(deal.timeline, mark).slice(-MOST);
    const head =
      news.length > 0 ? `${titleOf(deal)} has changed:` : `Nothing has happened to ${titleOf(deal)} meanwhile.`;
    const at = now();
    return {
      text: [head, ...news.map(entryWords), dealWords(deal, desk.caller, at)].join('\n'),
      data: { ...dataOf(deal, desk.caller, at), changed: news.length > 0, news },
    };
  },
};

async function pause(milliseconds: number, { signal, stopping }: Occasion): Promise<void> {
  // An abort only ends the wait.
  await wait(milliseconds, undefined, { signal: AbortSignal.any([signal, stopping]) }).catch(() => undefined);
}
