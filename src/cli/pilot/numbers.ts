/** What a pilot is judged by, from the figures that deals keep of themselves. Durations are in seconds. */
import type { DealSnapshot } from '../../deal/snapshot.js';
import { FINAL_STAGES, isFinal, type FinalStage } from '../../deal/stages.js';

export interface Spread {
  count: number;
  /** Null when there are none. */
  p50: number | null;
  p95: number | null;
}

export interface PilotNumbers {
  /** Deals that started in the time, and how those of them that have ended ended. */
  deals: { started: number; open: number; blockedNow: number } & Record<FinalStage, number>;
  /** From the CRM's event to the filed, signed PDF. */
  startToFiled: Spread;
  /** From the provider's event, as the gateway took it, to the change of stage. */
  webhook: Spread;
  /** How long drafts waited for their review. */
  review: Spread;
  /** Changes at the provider that a webhook told, and that only reading back told. */
  changes: { told: number; readBack: number; readBackShare: number | null };
  sends: number;
  creditsRefunded: number;
  /** Amends, cancels, resumes and reminders by hand. */
  interventions: number;
  interventionsPerHundredSends: number | null;
  blocked: number;
  blockedPerHundredSends: number | null;
  signatures: number;
  reminders: number;
  remindersPerSignature: number | null;
}

export function numbersOf(deals: readonly DealSnapshot[]): PilotNumbers {
  const total = (of: (deal: DealSnapshot) => number): number => deals.reduce((sum, deal) => sum + of(deal), 0);
  const ended = (stage: FinalStage): number => deals.filter((deal) => deal.stage === stage).length;
  const filed = deals.flatMap(({ figures: { startedAt, filedAt } }) =>
    filedAt === null ? [] : [Date.parse(filedAt) - Date.parse(startedAt)],
  );
  const sends = total(({ credits }) => credits.spent);
  const [told, readBack] = [total(({ figures }) => figures.told), total(({ figures }) => figures.readBack)];
  const interventions = total(({ figures }) => figures.interventions);
  const blocked = total(({ figures }) => figures.blocked);
  const signatures = total(({ figures }) => figures.signatures);
  const reminders = total(({ figures }) => figures.reminders);
  const open = deals.filter(({ stage }) => !isFinal(stage));
  const [completed, declined, voided, expired, cancelled] = FINAL_STAGES.map(ended);
  return {
    deals: {
      started: deals.length,
      open: open.length,
      blockedNow: open.filter((deal) => deal.blocked !== null).length,
      completed: completed ?? 0,
      declined: declined ?? 0,
      voided: voided ?? 0,
      expired: expired ?? 0,
      cancelled: cancelled ?? 0,
    },
    startToFiled: spreadOf(filed),
    webhook: spreadOf(deals.flatMap(({ figures }) => figures.webhooks.newest)),
    review: spreadOf(deals.flatMap(({ figures }) => figures.reviews.newest)),
    changes: { told, readBack, readBackShare: ratio(readBack, told + readBack) },
    sends,
    creditsRefunded: total(({ credits }) => credits.refunded),
    interventions,
    interventionsPerHundredSends: ratio(100 * interventions, sends),
    blocked,
    blockedPerHundredSends: ratio(100 * blocked, sends),
    signatures,
    reminders,
    remindersPerSignature: ratio(reminders, signatures),
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function spreadOf(milliseconds: readonly number[]): Spread {
  const sorted = milliseconds.map((ms) => ms / 1000).sort((a, b) => a - b);
  return { count: sorted.length, p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** The smallest value that is at least as large as this share of them all. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;
}
