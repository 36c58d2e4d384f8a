/**
 * The way of a deal, from the CRM event to the filed, signed PDF. One run is one deal.
 *
 * Each stage is one step below, in order; a step does its work and answers the next stage. Messages never act by
 * themselves: they change the deal (see `listen`), and the step under way notices.
 */
import { ApplicationFailure, CancellationScope, metricMeter, TemporalFailure } from '@temporalio/workflow';
import { expiresAt, reminderDue, reviewDue } from '../deal/showing.js';
import { nobodySigned } from '../deal/party.js';
import { idOf, interrupted, note, openDeal, type DealState } from '../deal/state.js';
import type { DealResult, PinnedDocument } from '../deal/snapshot.js';
import { isFinal, type FinalStage, type OpenStage, type Stage } from '../deal/stages.js';
import type { DealStart } from '../deal/start.js';
import type { EnvelopeReading } from '../activities/index.js';
import { outside, atOnce } from './activities.js';
import { createAlarm, type Alarm } from './alarm.js';
import { tick } from './clock.js';
import { listen } from './listen.js';
import { countSend, follow, look, takeReading } from './looking.js';
import { measuring } from './measuring.js';
import { describe, enter, firstTried, leaveNote, linger, startAfresh, untilDone } from './progress.js';
import { castShadow } from './shadow.js';
import { expire, standDown } from './standing-down.js';

type Step = (deal: DealState, alarm: Alarm) => Promise<Stage>;

const story: Record<OpenStage, Step> = {
  preparing: draftTheEnvelope,
  detecting: waitForFields,
  'in-review': waitForReview,
  sending: sendToSigners,
  'out-for-signature': waitForSignatures,
  filing: fileTheSignedPdf,
};

/** `kept` is what an earlier run of the same deal hands over when its history has grown long. */
export async function signDeal(start: DealStart, kept?: DealState): Promise<DealResult> {
  const deal = { ...openDeal(start, new Date().toISOString()), ...kept };
  tick(deal);
  const measure = measuring(deal);
  const alarm = createAlarm(deal, listen(deal), measure);
  if (kept) describe(deal);

  // Cancelling the run in Temporal is heard as a `cancel` of the deal: what is out must be voided first.
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const { stage } = deal;
      measure();
      if (isFinal(stage)) return resultOf(deal, stage);
      await untilDone(deal, alarm, async () => {
        deal.next ??= interrupted(deal) ? await standDown(deal) : await story[stage](deal, alarm);
        await enter(deal, deal.next);
      });
    }
  });
}

function resultOf(deal: DealState, outcome: FinalStage): DealResult {
  const { envelope, reason, revision, credits, figures, signedPdf } = deal;
  return { outcome, envelopeId: envelope?.id ?? null, reason, revision, credits, figures, signedPdf };
}

async function draftTheEnvelope(deal: DealState): Promise<Stage> {
  const { dealId, document, parties, prefill, metadata, policy, envelopeId: present } = deal.start;
  // Once it was replaced, or a document was given, the deal has drafts of its own.
  if (present !== undefined && !document && deal.replaced.length === 0) return takeOver(deal, present);
  const pinned = document && (await pin(deal, document));
  const replaces = deal.replaced.at(-1)?.envelopeId;
  const common = {
    dealId,
    parties,
    ...(metadata && { metadata }),
    ...(policy.subject !== undefined && { subject: policy.subject }),
    ...(replaces !== undefined && { replaces }),
    revision: deal.revision,
    turn: deal.turns.create,
    firstTried: firstTried(deal, 'create'),
  };
  const placed = { ...(policy.fields && { fields: policy.fields }) };
  const { envelopeId, reviewUrl, apiKeyId, ...made } = pinned
    ? await outside(deal).createEnvelope({ ...common, ...placed, document, pinned, transport: deal.transport })
    : await outside(deal).createFromTemplate({ ...common, template: policy.template, prefill: prefill ?? {} });
  deal.envelope = { id: envelopeId, reviewUrl, apiKeyId, charged: false };
  note(deal, `envelope ${envelopeId} drafted`);
  castShadow(deal);

  const { templateVersion, trusted, sent } = made;
  if (templateVersion === undefined) return 'detecting';
  deal.envelope.templateVersion = templateVersion;
  if (!trusted) return 'detecting';
  deal.approval = { decision: 'approve', reviewer: 'policy' };
  note(deal, `approved by policy: the template’s version ${templateVersion} is trusted`, 'policy');
  if (!sent) return 'sending';
  countSend(deal);
  return 'out-for-signature';
}

/** The document as it is now is what this deal is about, until an amend brings another: a later version is never drafted in silence. */
async function pin(deal: DealState, document: { uri: string }): Promise<PinnedDocument> {
  if (deal.document) return deal.document;
  const { dealId, policy } = deal.start;
  const { provider } = policy;
  const pinned = await atOnce(deal, 'fetch the document and pin its version', ({ pinDocument }) =>
    pinDocument({ dealId, document, provider }),
  );
  note(deal, `document pinned: ${pinned.kind}, ${pinned.bytes} bytes, sha256 ${pinned.sha256}`);
  deal.document = pinned;
  return pinned;
}

/** An envelope that somebody made at the provider goes on at the stage it is in; a draft is reviewed like any other. */
async function takeOver(deal: DealState, envelopeId: string): Promise<Stage> {
  const { dealId, parties } = deal.start;
  const { reading, ...found } = await outside(deal).adoptEnvelope({ dealId, envelopeId, parties });
  deal.start.parties = found.parties;
  deal.parties = nobodySigned(found.parties);
  deal.envelope = { id: envelopeId, reviewUrl: reading.reviewUrl, apiKeyId: null, charged: false };
  note(deal, `envelope ${envelopeId} taken over: it is ${reading.status}`);
  takeReading(deal, reading);
  return reading.status === 'draft' || reading.status === 'unknown' ? 'detecting' : follow(deal, reading);
}

/** Temporal looks again and again on the activity's behalf, so a detection of seconds or of hours costs the same history. */
async function waitForFields(deal: DealState, alarm: Alarm): Promise<Stage> {
  let ended = false;
  const detection = outside(deal)
    .awaitFields({ dealId: deal.start.dealId, envelopeId: idOf(deal) })
    .finally(() => (ended = true));
  // A deal that moves on without it leaves the look-out to end by itself: it sees that the envelope is no draft any more.
  detection.catch(() => undefined);
  await alarm.until(() => ended || interrupted(deal));
  if (interrupted(deal)) return standDown(deal);

  const found = await detection;
  if (found.status !== 'draft' && found.status !== 'unknown') return follow(deal, await look(deal));
  deal.fieldsStatus = found.fieldsStatus;
  deal.fieldsVersion = found.fieldsVersion;
  if (found.fieldsStatus === 'failed') {
    note(
      deal,
      `field detection failed${found.detectionError ? ` (${found.detectionError})` : ''}: place the fields by hand on the review page`,
    );
  }
  if (found.fieldsStatus === 'recovered_empty') {
    note(deal, 'no fields were found: place them by hand on the review page');
  }
  return 'in-review';
}

/** The review may come from here or from the Send button of the provider's own page; either way the envelope itself is asked. */
async function waitForReview(deal: DealState, alarm: Alarm): Promise<Stage> {
  const overdue = alarm.bell('the review is overdue');
  overdue.set(deal.escalated ? null : reviewDue(deal));
  for (;;) {
    await startAfresh(deal);
    await alarm.until(
      () => deal.news || deal.approval !== null || deal.rejection !== null || overdue.rung || interrupted(deal),
      deal.patienceMs,
    );
    if (interrupted(deal)) return standDown(deal);
    if (overdue.rung) {
      overdue.set(null);
      await escalate(deal);
    }

    const truth = await look(deal);
    if (interrupted(deal)) return standDown(deal);
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
  }
}

async function escalate(deal: DealState): Promise<void> {
  deal.escalated = true;
  metricMeter.createCounter('countersign_reviews_overdue').add(1, { document_type: deal.start.documentType });
  await leaveNote(deal, `the review is overdue: the draft has waited since ${deal.since}`);
}

async function sendToSigners(deal: DealState): Promise<Stage> {
  const approved = deal.approval?.fieldsVersion ?? null;
  const sent = await outside(deal).sendEnvelope({
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
      if (sent.status !== 'pending') return follow(deal, await look(deal));
      countSend(deal);
      return 'out-for-signature';
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
  await vouchForTemplate(deal);
  const expiry = alarm.bell('the envelope expires');
  const nudge = alarm.bell('a reminder is due');
  expiry.set(expiresAt(deal));
  let awaited: string | null = null;
  for (;;) {
    await startAfresh(deal);
    const due = reminderDue(deal);
    if (due !== awaited) nudge.set(due);
    awaited = due;
    await alarm.until(
      () => deal.news || deal.reminder !== null || expiry.rung || nudge.rung || interrupted(deal),
      deal.patienceMs,
    );
    if (interrupted(deal)) return standDown(deal);
    if (deal.reminder) {
      await remind(deal);
      deal.reminder = null;
      continue;
    }
    const [expired, nudged, { turn, news }] = [expiry.rung, nudge.rung, deal];
    const truth = await look(deal);
    if (interrupted(deal)) return standDown(deal);
    if (truth.status === 'draft') {
      // What an event brings may be read a moment too early, before the send shows.
      if (news) continue;
      return takeBack(deal, truth);
    }
    if (truth.status !== 'pending' && truth.status !== 'unknown') return follow(deal, truth);
    if (expired) return expire(deal);
    // Whoever's turn has come only now is not to be reminded for the one before.
    if (nudged && turn !== null && deal.turn === turn) {
      turn.reminders += 1;
      await remind(deal);
    }
  }
}

/**
 * The provider took the send, and the envelope is a draft all the same. A new send is a person's to decide; its key is new, since the old one would
 * only bring the old answer again.
 */
function takeBack(deal: DealState, truth: EnvelopeReading): Stage {
  deal.turns.send += 1;
  deal.sentAt = null;
  deal.turn = null;
  deal.parties = nobodySigned(deal.start.parties);
  reviewAgain(deal, 'the provider took the send, but the envelope is still a draft');
  return truth.fieldsStatus === 'pending' ? 'detecting' : 'in-review';
}

/** The first contract of a template's version that a person let out is what later ones may go by. */
async function vouchForTemplate(deal: DealState): Promise<void> {
  const { envelope, approval, vouched, start } = deal;
  if (!envelope?.templateVersion || !start.policy.template?.trusted || approval?.reviewer === 'policy' || vouched)
    return;
  await outside(deal).vouchForTemplate({ dealId: start.dealId, templateVersion: envelope.templateVersion });
  deal.vouched = true;
}

/** Signed is not filed: this step goes on until the PDF is where it belongs. */
async function fileTheSignedPdf(deal: DealState): Promise<Stage> {
  if (!deal.signedPdf) {
    const { reassigned = [], ...pdf } = await fetchAndFile(deal);
    deal.signedPdf = pdf;
    deal.figures.filedAt = deal.clock;
    for (const role of reassigned) note(deal, `${role} was signed by somebody else than was asked`, 'provider');
    note(deal, `signed PDF filed (${deal.signedPdf.pages} pages)`);
  }
  return 'completed';
}

/** At once, as it nearly always goes; where it does not, the CRM hears of the signature first, and it takes as many tries as it takes. */
async function fetchAndFile(deal: DealState): ReturnType<ReturnType<typeof outside>['fileSignedPdf']> {
  const { dealId, parties, policy } = deal.start;
  const contract = { dealId, envelopeId: idOf(deal), parties };
  try {
    return await atOnce(deal, 'fetch, check and file the signed PDF', ({ fileSignedPdf }) =>
      fileSignedPdf({ ...contract, provider: policy.provider }),
    );
  } catch (error) {
    // What a local activity failed with comes as it is, not as the cause of an ActivityFailure.
    if (!(error instanceof TemporalFailure)) throw error;
    await linger(deal);
    return outside(deal).fileSignedPdf(contract);
  }
}

async function remind(deal: DealState): Promise<void> {
  const reminded = await outside(deal).remindSigner({ dealId: deal.start.dealId, envelopeId: idOf(deal) });
  if (reminded) deal.figures.reminders += 1;
  note(deal, reminded ? 'signer reminded' : 'the provider sent no reminder: too soon after the last, or nobody’s turn');
  if (deal.turn) deal.turn.lastReminded = deal.clock;
}

function reviewAgain(deal: DealState, why: string): void {
  deal.approval = null;
  note(deal, `back to review: ${why}`);
}
