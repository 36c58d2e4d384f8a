/** A deal as data, for programs that read more than the words. */
import { z } from 'zod';
import { ROLES } from '../../config.js';
import { ACTIONS } from '../../deal/messages.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { FINAL_STAGES, isFinal, OPEN_STAGES } from '../../deal/stages.js';
import type { Caller } from '../identity.js';
import { nextStep, possibleActions } from './telling.js';
import { isPast } from './times.js';
import { lastSeen } from './timeline.js';

const stage = z.enum([...OPEN_STAGES, ...FINAL_STAGES]);

export const entryData = z.object({ at: z.string(), what: z.string(), by: z.string() });

export const dealData = z.object({
  dealId: z.string(),
  round: z.int(),
  documentType: z.string(),
  stage,
  ended: z.boolean(),
  since: z.string().meta({ description: 'In this stage since then' }),
  waitingFor: z.string().nullable(),
  blocked: z
    .object({ reason: z.string(), since: z.string(), hint: z.string(), detail: z.string() })
    .nullable()
    .meta({ description: 'Why it stands still; null while it goes on' }),
  nextStep: z.string().meta({ description: 'What would move it on' }),
  actions: z
    .array(z.object({ action: z.enum(ACTIONS), roles: z.array(z.enum(ROLES)), yours: z.boolean() }))
    .meta({ description: 'What people may do now, and in which roles; no tool does it' }),
  reviewDue: z.string().nullable(),
  reviewOverdue: z.boolean(),
  expiresAt: z.string().nullable(),
  signers: z.array(z.object({ role: z.string(), order: z.int(), status: z.string() })),
  envelopeId: z.string().nullable(),
  reviewUrl: z.string().nullable().meta({ description: 'Null but for reviewers and operators. A secret' }),
  signedPdf: z.object({ sha256: z.string(), bytes: z.int(), pages: z.int() }).nullable(),
  seen: z.string().meta({ description: 'Give it to follow_deal to hear of what comes after' }),
});

export function dataOf(deal: DealSnapshot, caller: Caller, now: Date): z.output<typeof dealData> {
  const { dealId, round, documentType, since, waitingFor, blocked, reviewDue, expiresAt, envelopeId, signedPdf } = deal;
  return {
    ...{ dealId, round, documentType, stage: deal.stage, ended: isFinal(deal.stage), since, waitingFor, blocked },
    nextStep: nextStep(deal),
    actions: possibleActions(deal, caller).map((possible) => ({ ...possible, roles: [...possible.roles] })),
    reviewDue,
    reviewOverdue: reviewDue !== null && isPast(reviewDue, now),
    expiresAt,
    signers: deal.parties,
    envelopeId,
    reviewUrl: deal.reviewUrl,
    signedPdf: signedPdf && { sha256: signedPdf.sha256, bytes: signedPdf.bytes, pages: signedPdf.pages },
    seen: lastSeen(deal.timeline),
  };
}
