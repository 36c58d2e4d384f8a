/** How a deal gets ahead: entering stages, standing still and going on, and showing all of it. */
import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  log,
  metricMeter,
  setCurrentDetails,
  TimeoutFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { keepDuration } from '../deal/figures.js';
import { isRefusal, retriesByItself, type Refusal } from '../deal/refusals.js';
import { expiresAt, reviewDue, waitingFor } from '../deal/showing.js';
import { beginStage, block, crmRecordOf, idOf, interrupted, note, TIMER, type DealState } from '../deal/state.js';
import { isFinal, type Stage } from '../deal/stages.js';
import { takeCancel } from '../deal/verdicts.js';
import { atOnce, outside } from './activities.js';
import type { Alarm } from './alarm.js';
import type { signDeal } from './sign-deal.js';

const dealStage = defineSearchAttributeKey('DealStage', 'KEYWORD');
const dealBlocked = defineSearchAttributeKey('DealBlocked', 'KEYWORD');
const envelopeId = defineSearchAttributeKey('EnvelopeId', 'KEYWORD');
const stageSince = defineSearchAttributeKey('StageSince', 'DATETIME');

/** Stages the CRM has no word for: they pass within seconds, and the next one tells it more. Of a filing that does not, `linger` tells it. */
const BETWEEN_STAGES: readonly Stage[] = ['preparing', 'sending', 'filing'];

/** Moves the deal on. The CRM learns of it first, so that a deal never shows a stage its CRM has refused. */
export async function enter(deal: DealState, stage: Stage): Promise<void> {
  const gone = !BETWEEN_STAGES.includes(stage) && (await tellCrm(deal, stage)) === 'gone';
  if (gone && stage === 'completed')
    note(deal, 'the CRM no longer has the deal: the PDF is filed but attached to nothing');
  beginStage(deal, stage);
  if (deal.newsSince !== null) {
    keepDuration(deal.figures.webhooks, Date.now() - Date.parse(deal.newsSince));
    deal.newsSince = null;
  }
  // Nothing is left to tell it of an end; of a signed contract the PDF is still to be filed.
  if (gone && !isFinal(stage)) takeCancel(deal, { reason: 'the CRM no longer has the deal', by: 'crm' });
  log.info('deal moved on', { stage });
  if (stage !== 'filing') upsertSearchAttributes(listed(deal));
  describe(deal);
  if (isFinal(stage)) metricMeter.createCounter('countersign_deals_ended').add(1, { outcome: stage });
}

/** Tells everybody of a stage that was to pass at once and does not. */
export async function linger(deal: DealState): Promise<void> {
  upsertSearchAttributes(listed(deal));
  await tellCrm(deal, deal.stage);
}

function listed(deal: DealState): SearchAttributeUpdatePair[] {
  return [
    { key: dealStage, value: deal.stage },
    { key: stageSince, value: new Date(deal.since) },
    { key: envelopeId, value: deal.envelope?.id ?? null },
  ];
}

/**
 * Writes the deal to the CRM. What a local activity did is forgotten when its workflow task does not come to its end (a worker that died, or a
 * signal that arrived together with the deal's last command), and the task that follows may take another way because of what came in
 * between. So a version counts the history, which by then has grown: the later write always wins. And an end that another message could
 * still turn is entered in the history before the CRM hears of it, by an activity that is not local.
 */
async function tellCrm(deal: DealState, stage: Stage, text?: string): Promise<'taken' | 'gone'> {
  deal.crmVersion = Math.max(deal.crmVersion + 1, deal.events * WRITES_A_TASK);
  const record = { ...crmRecordOf(deal, stage), ...(text !== undefined && { note: text }) };
  if (stage === 'completed' && deal.signedPdf) {
    const completed = { envelopeId: idOf(deal), pdf: deal.signedPdf, record };
    return atOnce(deal, 'attach the signed PDF in the CRM and tell it: completed', ({ completeInCrm }) =>
      completeInCrm(completed),
    );
  }
  if (isFinal(stage)) return outside(deal).recordInCrm(record);
  return atOnce(deal, text ?? `tell the CRM: ${stage}`, ({ recordInCrm }) => recordInCrm(record));
}

/** More than a deal ever writes to the CRM within one workflow task. */
const WRITES_A_TASK = 10;

/** Leaves a word for people in the CRM. A deal does not stand still over a CRM that will not take it. */
export async function leaveNote(deal: DealState, text: string): Promise<void> {
  note(deal, text);
  try {
    await tellCrm(deal, deal.stage, text);
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    note(deal, `the CRM could not be told (${refusal.reason})`);
  }
}

/** A stirring costs 14 events at most, so a run ends well below 2,000. */
const STIRRINGS_A_RUN = 100;

/** Goes on in a fresh run where this one has been stirred often, so that a deal may stay open for years. */
export async function startAfresh(deal: DealState): Promise<void> {
  if (deal.stirrings <= STIRRINGS_A_RUN) return;
  const inbox = deal.inbox.filter(({ name }) => name !== TIMER);
  await continueAsNew<typeof signDeal>(deal.start, {
    ...deal,
    inbox,
    eventsBefore: deal.events,
    stirrings: 0,
    busy: false,
  });
}

/**
 * Runs a step until it succeeds. A refusal blocks the deal where it stands: it goes on at `resume`, at a new cancel, amend or
 * event, or by itself where time may help. Faults of this code are not refusals; they fail the workflow task until mended.
 */
export async function untilDone(deal: DealState, alarm: Alarm, step: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      await standStill(deal, alarm, refusal);
    }
  }
}

async function standStill(deal: DealState, alarm: Alarm, refusal: { reason: Refusal; detail: string }): Promise<void> {
  if (deal.next === null && deal.stage === 'preparing') deal.turns.create += 1;
  if (deal.next === null && deal.stage === 'sending') deal.turns.send += 1;
  block(deal, refusal.reason, refusal.detail);
  metricMeter.createCounter('countersign_deals_blocked').add(1, { reason: refusal.reason });
  log.warn('deal blocked', { stage: deal.stage, reason: refusal.reason });
  upsertSearchAttributes([...listed(deal), { key: dealBlocked, value: refusal.reason }]);
  describe(deal);

  const known = { cancel: deal.cancel, amend: deal.amend, news: deal.news };
  const asked = () => deal.cancel !== known.cancel || deal.amend !== known.amend;
  const freed = () => deal.blocked === null || asked() || (!known.news && deal.news);
  await alarm.until(freed, retriesByItself(refusal.reason, deal.blockedTimes) ?? DAY_MS);

  // A cancel or amend that came while the next stage waited for the CRM is heard first.
  if (asked() && interrupted(deal)) deal.next = null;
  deal.blocked = null;
  upsertSearchAttributes([{ key: dealBlocked, value: null }]);
  describe(deal);
  await startAfresh(deal);
}

const DAY_MS = 24 * 3_600_000;

/** What a failed activity means to the deal; undefined for errors that are no activity's. */
function refusalOf(error: unknown): { reason: Refusal; detail: string } | undefined {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  // Of tries that ran out of time, the last one tells why.
  const cause = failure instanceof TimeoutFailure ? (failure.cause ?? failure) : failure;
  if (cause instanceof ApplicationFailure) {
    if (isRefusal(cause.type)) return { reason: cause.type, detail: cause.message };
    if (cause.type === 'fields-pending') return { reason: 'detection-stuck', detail: '' };
  }
  if (error instanceof ActivityFailure)
    return { reason: 'unexpected', detail: cause instanceof Error ? cause.message : '' };
  return undefined;
}

/** When a step of this revision was first tried; noted at the first call and the same ever after. */
export function firstTried(deal: DealState, step: 'create' | 'send'): string {
  return (deal.firstTried[step] ??= deal.clock);
}

/** The text that Temporal's UI shows on top of the run. */
export function describe(deal: DealState): void {
  const waits = waitingFor(deal);
  const lines = [`**${deal.stage}** since ${deal.since}`];
  if (deal.blocked) lines.push(`**Blocked: ${deal.blocked.reason}** since ${deal.blocked.since}`, deal.blocked.detail);
  if (waits) lines.push(`Waits for: ${waits}`);
  if (deal.envelope) lines.push(`Envelope ${deal.envelope.id}, revision ${deal.revision}`);
  const [due, end] = [reviewDue(deal), expiresAt(deal)];
  if (due) lines.push(`Review due by ${due}`);
  if (end) lines.push(`Voided unless signed by ${end}`);
  if (deal.stage === 'in-review')
    lines.push('The review link is on the deal: in the ops console, the CRM or the `deal` query.');
  setCurrentDetails(lines.filter(Boolean).join('\n\n'));
}
