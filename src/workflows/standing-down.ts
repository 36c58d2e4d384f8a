import { note, reviseDeal, type DealState } from '../deal/state.js';
import type { Stage } from '../deal/stages.js';
import type { EnvelopeReading } from '../activities/index.js';
import { outside } from './activities.js';
import { countRefund, countSend, follow, takeReading } from './looking.js';

/**
 * Takes back what the deal has at the provider, for a cancel, an amend or because time is up. Whoever signed or declined before that has
 * the last word.
 */
export async function standDown(deal: DealState): Promise<Stage> {
  const reason = deal.cancel?.reason ?? deal.amend?.reason ?? 'not signed in time';
  const left =
    deal.firstTried.create || deal.envelope
      ? await outside(deal).voidEnvelope({
          dealId: deal.start.dealId,
          revision: deal.revision,
          envelopeId: deal.envelope?.id ?? null,
          reason,
        })
      : null;
  deal.news = false;
  deal.newsSince = null;
  if (left) deal.envelope ??= { id: left.envelopeId, reviewUrl: left.reviewUrl, apiKeyId: null, charged: false };
  if (left && (left.status === 'signed' || left.status === 'declined')) {
    note(deal, `too late to take the contract back: it is ${left.status}`);
    deal.cancel = null;
    deal.amend = null;
    deal.expiring = false;
    takeReading(deal, left);
    return follow(deal, left);
  }
  if (left) takenBack(deal, left);

  // What came while the envelope was being voided counts too: a cancel ends the deal whatever else was asked.
  const { cancel, amend } = deal;
  if (!cancel && amend) {
    if (left) {
      const { envelopeId } = left;
      deal.replaced.push({ envelopeId, revision: deal.revision, at: deal.clock, why: amend.reason, by: amend.by });
    }
    reviseDeal(deal, amend);
    const instead = left ? `, in place of envelope ${left.envelopeId}` : '';
    note(deal, `revision ${deal.revision} begins${instead}: ${amend.reason}`);
    return 'preparing';
  }
  deal.reason = cancel?.reason ?? reason;
  return cancel ? 'cancelled' : 'expired';
}

function takenBack(deal: DealState, left: EnvelopeReading): void {
  note(deal, `envelope ${left.envelopeId} voided`);
  if (left.sent) countSend(deal);
  countRefund(deal, left);
}

/** Ends the wait of an envelope that nobody signed in time. */
export function expire(deal: DealState): Promise<Stage> {
  deal.expiring = true;
  note(deal, 'not signed in time: the envelope is being voided');
  return standDown(deal);
}
