/** The deal as others see it. */
import type { DealSnapshot } from './snapshot.js';
import type { DealState } from './state.js';
import { actionsOf } from './verdicts.js';

export function waitingFor(deal: DealState): string | null {
  if (deal.blocked) return deal.blocked.hint;
  switch (deal.stage) {
    case 'preparing':
      return 'the draft to be made at the provider';
    case 'detecting':
      return 'the provider to detect the fields of the document';
    case 'in-review':
      return 'a person to review the draft';
    case 'sending':
      return 'the provider to send the envelope';
    case 'out-for-signature': {
      const next = deal.parties.find((party) => party.status === 'pending');
      return next ? `${next.role} (signer ${next.order}) to sign` : 'the signers';
    }
    case 'filing':
      return 'the signed PDF to be filed and attached';
    default:
      return null;
  }
}

/** When the review of the draft is overdue, ISO 8601; null when there is no such time. */
export function reviewDue(deal: DealState): string | null {
  const { reviewSlaMs } = deal.start.policy;
  return deal.stage === 'in-review' && reviewSlaMs !== undefined ? after(deal.since, reviewSlaMs) : null;
}

/** When the envelope is voided unless it is signed by then, ISO 8601; null when there is no such time. */
export function expiresAt(deal: DealState): string | null {
  const { expireAfterMs } = deal.start.policy;
  const out = deal.stage === 'out-for-signature' && deal.sentAt !== null;
  return out && expireAfterMs !== undefined ? after(deal.sentAt ?? deal.since, expireAfterMs) : null;
}

/** When the signer whose turn it is gets the next reminder by policy, ISO 8601; null when none is left. */
export function reminderDue(deal: DealState): string | null {
  const { reminders } = deal.start.policy;
  const { turn } = deal;
  if (deal.stage !== 'out-for-signature' || !reminders || !turn || turn.reminders >= reminders.max) return null;
  return turn.lastReminded ? after(turn.lastReminded, reminders.everyMs) : after(turn.since, reminders.firstMs);
}

function after(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

export function snapshotOf(deal: DealState): DealSnapshot {
  return {
    dealId: deal.start.dealId,
    round: deal.start.round,
    documentType: deal.start.documentType,
    provider: deal.start.policy.provider,
    ...(deal.start.tenant !== undefined && { tenant: deal.start.tenant }),
    stage: deal.stage,
    since: deal.since,
    waitingFor: waitingFor(deal),
    blocked: deal.blocked,
    envelopeId: deal.envelope?.id ?? null,
    revision: deal.revision,
    reviewUrl: deal.envelope?.reviewUrl ?? null,
    document: deal.document,
    fieldsStatus: deal.fieldsStatus,
    fieldsVersion: deal.fieldsVersion,
    parties: deal.parties,
    reviewDue: reviewDue(deal),
    expiresAt: expiresAt(deal),
    replaced: deal.replaced,
    credits: deal.credits,
    actions: actionsOf(deal),
    figures: deal.figures,
    apiKeyId: deal.envelope?.apiKeyId ?? null,
    signedPdf: deal.signedPdf,
    timeline: deal.timeline,
  };
}
