/** What the provider says of the envelope, and where that leads. */
import { log, metricMeter } from '@temporalio/workflow';
import { charge, idOf, note, takeTurn, type DealState } from '../deal/state.js';
import type { Stage } from '../deal/stages.js';
import { takeCancel } from '../deal/verdicts.js';
import type { EnvelopeReading } from '../activities/index.js';
import { accountOf, atOnce } from './activities.js';
import { describe } from './progress.js';

const DAY_MS = 24 * 3_600_000;

/** Reads the envelope back, because of news or of long silence. The CRM is asked too whether it still wants the contract. */
export async function look(deal: DealState): Promise<EnvelopeReading> {
  const out = deal.stage === 'out-for-signature';
  const before = out ? 'pending' : 'draft';
  const silence = !deal.news && (out || !deal.approval);
  deal.news = false;
  const { dealId, round } = deal.start;
  const envelope = { dealId, round, envelopeId: idOf(deal), ...accountOf(deal) };
  const { withdrawn, ...truth } = await atOnce(deal, 'read the envelope back', ({ readEnvelope }) =>
    readEnvelope(envelope),
  );
  takeReading(deal, truth);
  describe(deal);
  deal.patienceMs = Math.min(deal.patienceMs * 2, DAY_MS);

  const changed = truth.status !== before && truth.status !== 'unknown';
  if (!changed) deal.newsSince = null;
  else if (deal.newsSince !== null) deal.figures.told += 1;
  if (changed && silence) {
    deal.figures.readBack += 1;
    note(deal, `learned by reading back that the envelope is ${truth.status}: no webhook told it`);
    metricMeter.createCounter('countersign_learned_by_read_back').add(1, { status: truth.status });
    log.warn('learned by reading back: no webhook came', { status: truth.status });
  }
  if (withdrawn) takeCancel(deal, { reason: `withdrawn in the CRM: ${withdrawn}`, by: 'crm' });
  return truth;
}

/** Where the provider's word leads. Only what was read back from it counts, whatever the events said. */
export function follow(deal: DealState, truth: EnvelopeReading): Stage {
  if (truth.sent) countSend(deal);
  switch (truth.status) {
    case 'pending':
      if (!deal.approval && deal.stage !== 'preparing') note(deal, 'sent from the provider’s review page', 'provider');
      return 'out-for-signature';
    case 'signed':
      deal.signedAt = deal.clock;
      return 'filing';
    case 'declined':
    case 'voided':
      if (truth.status === 'voided') countRefund(deal, truth);
      deal.reason = truth.reason ?? `${truth.status} at the provider`;
      return truth.status;
    case 'draft':
    case 'unknown':
      return deal.stage;
  }
}

/** Takes over what was read back: the fields' version and who has signed by now. */
export function takeReading(deal: DealState, reading: EnvelopeReading): void {
  if (reading.fieldsVersion !== null) deal.fieldsVersion = reading.fieldsVersion;
  if (reading.fieldsStatus !== 'unknown') deal.fieldsStatus = reading.fieldsStatus;
  if (!reading.parties) return;
  for (const party of reading.parties) {
    const before = deal.parties.find((known) => known.order === party.order && known.role === party.role);
    if (party.status === 'signed' && before?.status !== 'signed') {
      note(deal, `${party.role} signed`, party.role);
      deal.figures.signatures += 1;
    }
  }
  deal.parties = reading.parties;
  takeTurn(deal);
}

export function countSend(deal: DealState): void {
  if (charge(deal)) metricMeter.createCounter('countersign_credits_spent').add(1);
}

/** The provider gives the credit of a voided envelope back as long as nobody had signed (Atlas notes 10). */
export function countRefund(deal: DealState, voided: EnvelopeReading): void {
  if (!deal.envelope?.charged || voided.signedCount !== 0) return;
  deal.credits.refunded += 1;
  metricMeter.createCounter('countersign_credits_refunded').add(1);
}
