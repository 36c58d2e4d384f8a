/**
 * The way of a deal, from the CRM event to the filed, signed PDF. One run is one deal.
 *
 * Each stage is one step below, in order; a step does its work and answers the next stage. Messages never act by
 * themselves: they change the deal (see `listen`), and the step under way notices.
 */
import { ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import { interrupted, note, openDeal, reviseDeal, type DealState } from '../deal/state.js';
import type { DealResult } from '../deal/snapshot.js';
import { isFinal, type FinalStage, type OpenStage, type Stage } from '../deal/stages.js';
import type { DealStart } from '../deal/start.js';
import type { EnvelopeReading } from '../activities/index.js';
import { outside, atOnce } from './activities.js';
import { createAlarm, type Alarm } from './alarm.js';
import { listen } from './listen.js';
import { enter, firstTried, now, takeReading, untilDone } from './progress.js';

const DAY_MS = 24 * 3_600_000;

type Step = (deal: DealState, alarm: Alarm) => Promise<Stage>;

const story: Record<OpenStage, Step> = {
  preparing: draftTheEnvelope,
  detecting: waitForFields,
  'in-review': waitForReview,
  sending: sendToSigners,
  'out-for-signature': waitForSignatures,
  filing: fileTheSignedPdf,
};

export async function signDeal(start: DealStart): Promise<DealResult> {
  const deal = openDeal(start, now());
  const alarm = createAlarm();
  listen(deal);

  // Cancelling the run in Temporal is heard as a `cancel` of the deal: what is out must be voided first.
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const { stage } = deal;
      if (isFinal(stage)) return resultOf(deal, stage);
      await untilDone(deal, alarm, async () => {
        deal.next ??= interrupted(deal) ? await standDown(deal) : await story[stage](deal, alarm);
        await enter(deal, deal.next);
      });
    }
  });
}

function resultOf(deal: DealState, outcome: FinalStage): DealResult {
  const { envelope, reason, revision, signedPdf } = deal;
  return { outcome, envelopeId: envelope?.id ?? null, reason, revision, signedPdf };
}

async function draftTheEnvelope(deal: DealState): Promise<Stage> {
  const { dealId, document, parties } = deal.start;
  const created = await outside.createEnvelope({
    dealId,
    document,
    parties,
    transport: deal.transport,
    revision: deal.revision,
    turn: deal.turns.create,
    firstTried: firstTried(deal, 'create'),
  });
  deal.envelope = { id: created.envelopeId, reviewUrl: created.reviewUrl };
  note(deal, now(), `envelope ${created.envelopeId} drafted`);
  return 'detecting';
}

/** Temporal looks again and again on the activity's behalf, so a detection of seconds or of hours costs the same history. */
async function waitForFields(deal: DealState): Promise<Stage> {
  const envelopeId = idOf(deal);
  const look = new CancellationScope({ cancellable: true });
  const found = await look.run(() =>
    Promise.race([
      outside.awaitFields({ dealId: deal.start.dealId, envelopeId }),
      condition(() => deal.news || interrupted(deal)),
    ]),
  );
  look.cancel();
  if (interrupted(deal)) return standDown(deal);
  if (!found) {
    const truth = await readBack(deal);
    return truth.status === 'draft' || truth.status === 'unknown' ? waitForFields(deal) : follow(deal, truth);
  }
  deal.fieldsStatus = found.fieldsStatus;
  deal.fieldsVersion = found.fieldsVersion;
  if (found.fieldsStatus === 'failed') {
    note(
      deal,
      now(),
      `field detection failed${found.detectionError ? ` (${found.detectionError})` : ''}: place the fields by hand on the review page`,
    );
  }
  if (found.fieldsStatus === 'recovered_empty') {
    note(deal, now(), 'no fields were found: place them by hand on the review page');
  }
  return 'in-review';
}

/** The review may come from here or from the Send button of the provider's own page; either way the envelope itself is asked. */
async function waitForReview(deal: DealState, alarm: Alarm): Promise<Stage> {
  let patience = deal.start.policy.readBackFirstMs;
  for (;;) {
    await alarm.until(
      () => deal.news || deal.approval !== null || deal.rejection !== null || interrupted(deal),
      patience,
    );
    if (interrupted(deal)) return standDown(deal);

    const truth = await readBack(deal);
    if (truth.status !== 'draft' && truth.status !== 'unknown') return follow(deal, truth);
    if (deal.rejection) throw ApplicationFailure.nonRetryable(deal.rejection.note ?? '', 'review-rejected');
    if (deal.approval) {
      const seen = deal.approval.fieldsVersion;
      if (seen === undefined || seen === truth.fieldsVersion) {
        deal.approval = {
          ...deal.approval,
          ...(truth.fieldsVersion !== null && { fieldsVersion: truth.fieldsVersion }),
        };
        return 'sending';
      }
      reviewAgain(deal, `the approval is for fields version ${seen}, the envelope has ${truth.fieldsVersion}`);
    }
    patience = Math.min(patience * 2, DAY_MS);
  }
}

async function sendToSigners(deal: DealState): Promise<Stage> {
  const approved = deal.approval?.fieldsVersion ?? null;
  const sent = await outside.sendEnvelope({
    dealId: deal.start.dealId,
    envelopeId: idOf(deal),
    parties: deal.start.parties,
    fieldsVersion: approved,
    revision: deal.revision,
    turn: deal.turns.send,
    firstTried: firstTried(deal, 'send'),
  });
  switch (sent.kind) {
    case 'out':
      return sent.status === 'pending' ? 'out-for-signature' : follow(deal, await readBack(deal));
    case 'fields-changed':
      deal.turns.send += 1;
      reviewAgain(deal, `the fields changed since the approval (version ${approved} to ${sent.fieldsVersion})`);
      return 'in-review';
    case 'fields-pending':
      deal.turns.send += 1;
      reviewAgain(deal, 'the provider is detecting the fields anew');
      return 'detecting';
    case 'conflict':
      throw ApplicationFailure.nonRetryable(
        'the provider refuses the send with a conflict it does not explain',
        'unexpected',
      );
  }
}

async function waitForSignatures(deal: DealState, alarm: Alarm): Promise<Stage> {
  let patience = deal.start.policy.readBackFirstMs;
  for (;;) {
    await alarm.until(() => deal.news || deal.reminder !== null || interrupted(deal), patience);
    if (interrupted(deal)) return standDown(deal);
    if (deal.reminder) {
      await remind(deal);
      continue;
    }
    const truth = await readBack(deal);
    if (truth.status !== 'pending' && truth.status !== 'unknown') return follow(deal, truth);
    patience = Math.min(patience * 2, DAY_MS);
  }
}

/** Signed is not filed: the CRM knows of the signature by now, and this step goes on until the PDF is where it belongs. */
async function fileTheSignedPdf(deal: DealState): Promise<Stage> {
  const { dealId, round } = deal.start;
  const envelopeId = idOf(deal);
  if (!deal.signedPdf) {
    deal.signedPdf = await outside.fileSignedPdf({ dealId, envelopeId });
    note(deal, now(), `signed PDF filed (${deal.signedPdf.pages} pages)`);
  }
  const { signedPdf: pdf } = deal;
  await atOnce(deal, ({ attachSignedPdf }) => attachSignedPdf({ dealId, round, envelopeId, pdf }));
  return 'completed';
}

/** Takes back what the deal has at the provider, for a cancel or an amend. Whoever signed or declined before that has the last word. */
async function standDown(deal: DealState): Promise<Stage> {
  const reason = deal.cancel?.reason ?? deal.amend?.reason ?? '';
  const left = deal.firstTried.create
    ? await outside.voidEnvelope({
        dealId: deal.start.dealId,
        revision: deal.revision,
        envelopeId: deal.envelope?.id ?? null,
        reason,
      })
    : null;
  deal.news = false;
  if (left && (left.status === 'signed' || left.status === 'declined')) {
    note(deal, now(), `too late to take the contract back: it is ${left.status}`);
    deal.cancel = null;
    deal.amend = null;
    deal.envelope ??= { id: left.envelopeId, reviewUrl: left.reviewUrl };
    return follow(deal, left);
  }
  if (left) note(deal, now(), `envelope ${left.envelopeId} voided`);
  if (deal.cancel || !deal.amend) {
    deal.reason = reason;
    return 'cancelled';
  }
  reviseDeal(deal, deal.amend);
  note(
    deal,
    now(),
    `revision ${deal.revision} begins${left ? `, in place of envelope ${left.envelopeId}` : ''}: ${reason}`,
  );
  return 'preparing';
}

/** Where the provider's word leads. Only what was read back from it counts, whatever the events said. */
function follow(deal: DealState, truth: EnvelopeReading): Stage {
  switch (truth.status) {
    case 'pending':
      if (!deal.approval) note(deal, now(), 'sent from the provider’s review page', 'provider');
      return 'out-for-signature';
    case 'signed':
      deal.signedAt = now();
      return 'filing';
    case 'declined':
    case 'voided':
      deal.reason = truth.reason ?? `${truth.status} at the provider`;
      return truth.status;
    case 'draft':
    case 'unknown':
      return deal.stage;
  }
}

async function readBack(deal: DealState): Promise<EnvelopeReading> {
  deal.news = false;
  const envelope = { dealId: deal.start.dealId, envelopeId: idOf(deal) };
  const reading = await atOnce(deal, ({ readEnvelope }) => readEnvelope(envelope));
  takeReading(deal, reading);
  return reading;
}

async function remind(deal: DealState): Promise<void> {
  const reminded = await outside.remindSigner({ dealId: deal.start.dealId, envelopeId: idOf(deal) });
  note(
    deal,
    now(),
    reminded ? 'signer reminded' : 'the provider sent no reminder: too soon after the last, or nobody’s turn',
  );
  deal.reminder = null;
}

function reviewAgain(deal: DealState, why: string): void {
  deal.approval = null;
  note(deal, now(), `back to review: ${why}`);
}

function idOf(deal: DealState): string {
  if (!deal.envelope) throw new Error('the deal has no envelope yet');
  return deal.envelope.id;
}
