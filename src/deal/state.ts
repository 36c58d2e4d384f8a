/**
 * Everything a deal knows, as plain data, and how messages change it. The functions are pure reducers: the workflow's
 * handlers call them, and its story looks at the result whenever it gets there, so an early, late or repeated message
 * finds the same deal.
 */
import type { Amend, Cancel, EnvelopeEvent, Remind, Resume, Review } from './messages.js';
import { nobodySigned, type PartyProgress } from './party.js';
import { REFUSALS, type Refusal } from './refusals.js';
import { crmStageOf, type Transport } from './policy.js';
import type { Blocked, DealSnapshot, FieldsStatus, SignedPdf, TimelineEntry } from './snapshot.js';
import { isFinal, type Stage } from './stages.js';
import type { DealStart } from './start.js';

export interface Envelope {
  id: string;
  reviewUrl: string | null;
}

export interface DealState {
  start: DealStart;
  stage: Stage;
  since: string;
  blocked: Blocked | null;
  /** How often the deal was blocked in its present stage. */
  blockedTimes: number;
  /** The stage the last step led to, while the CRM has not yet taken it; null while a step is under way. */
  next: Stage | null;
  revision: number;
  /** How this revision's document travels; never changes within a revision, since keys do not dedupe across transports. */
  transport: Transport;
  envelope: Envelope | null;
  fieldsStatus: FieldsStatus | null;
  fieldsVersion: number | null;
  parties: PartyProgress[];
  approval: Review | null;
  rejection: Review | null;
  cancel: Cancel | null;
  amend: Amend | null;
  reminder: Remind | null;
  /** A hint came in that the envelope changed; the truth is yet to be read back. */
  news: boolean;
  /** A local activity is under way: no update may be accepted meanwhile (see `atOnce` in the workflow's activities). */
  busy: boolean;
  /** Refusals met by the create and send of this revision: each repeat after one carries a new idempotency key. */
  turns: Record<'create' | 'send', number>;
  /** When the create and send of this revision were first tried, ISO 8601. */
  firstTried: Partial<Record<'create' | 'send', string>>;
  signedAt: string | null;
  signedPdf: SignedPdf | null;
  /** Why the deal ended as it did; null for a completed one. */
  reason: string | null;
  /** Number of the last write to the CRM: a later write carries a higher one. */
  crmVersion: number;
  timeline: TimelineEntry[];
}

/** Entries kept; a deal of a year must stay a small payload, so the oldest but the first go. */
const TIMELINE_CAP = 200;

export function openDeal(start: DealStart, at: string): DealState {
  return {
    start,
    stage: 'preparing',
    since: at,
    blocked: null,
    blockedTimes: 0,
    next: null,
    revision: 1,
    transport: start.policy.upload,
    envelope: null,
    fieldsStatus: null,
    fieldsVersion: null,
    parties: nobodySigned(start.parties),
    approval: null,
    rejection: null,
    cancel: null,
    amend: null,
    reminder: null,
    news: false,
    busy: false,
    turns: { create: 0, send: 0 },
    firstTried: {},
    signedAt: null,
    signedPdf: null,
    reason: null,
    crmVersion: 0,
    timeline: [{ at, what: `deal started: ${start.documentType}`, by: 'crm' }],
  };
}

export function note(deal: DealState, at: string, what: string, by = 'countersign'): void {
  deal.timeline.push({ at, what, by });
  if (deal.timeline.length > TIMELINE_CAP) deal.timeline.splice(1, 1);
}

/** Whether a message counts now. `repeat`: the deal has already taken the same one, so it is welcome but changes nothing. */
export type Verdict = 'accept' | 'repeat' | { no: string };

export function judgeReview(deal: DealState, review: Review): Verdict {
  const taken = deal.approval ?? deal.rejection;
  if (taken && taken.decision === review.decision && taken.reviewer === review.reviewer) return 'repeat';
  if (deal.stage !== 'in-review') return { no: `the deal is ${deal.stage}, not in review` };
  if (deal.cancel) return { no: 'the deal is being cancelled' };
  if (deal.amend) return { no: 'the deal is being amended: review the new draft' };
  if (deal.approval) return { no: `already approved by ${deal.approval.reviewer}` };
  if (review.fieldsVersion !== undefined && deal.fieldsVersion !== null && review.fieldsVersion < deal.fieldsVersion) {
    return { no: `the fields are at version ${deal.fieldsVersion} now: look again, then decide` };
  }
  return 'accept';
}

export function takeReview(deal: DealState, at: string, review: Review): void {
  if (judgeReview(deal, review) !== 'accept') return;
  const said = review.note ? `: ${review.note}` : '';
  if (review.decision === 'approve') {
    deal.approval = review;
    deal.rejection = null;
    if (deal.blocked?.reason === 'review-rejected') deal.blocked = null;
    note(deal, at, `approved${said}`, review.reviewer);
  } else {
    deal.rejection = review;
    note(deal, at, `rejected${said}`, review.reviewer);
  }
}

export function judgeCancel(deal: DealState, cancel: Cancel): Verdict {
  if (deal.cancel) {
    return deal.cancel.by === cancel.by && deal.cancel.reason === cancel.reason
      ? 'repeat'
      : { no: `already being cancelled by ${deal.cancel.by}` };
  }
  if (isFinal(deal.stage)) return { no: `the deal has ended: ${deal.stage}` };
  if (deal.stage === 'filing') return { no: 'the contract is signed and can no longer be cancelled here' };
  return 'accept';
}

export function takeCancel(deal: DealState, at: string, cancel: Cancel): void {
  if (judgeCancel(deal, cancel) !== 'accept') return;
  deal.cancel = cancel;
  note(deal, at, `cancel asked: ${cancel.reason}`, cancel.by);
}

export function judgeAmend(deal: DealState, amend: Amend): Verdict {
  if (deal.amend) {
    return JSON.stringify(deal.amend) === JSON.stringify(amend) ? 'repeat' : { no: 'another amend is under way' };
  }
  if (deal.cancel) return { no: 'the deal is being cancelled' };
  if (isFinal(deal.stage)) return { no: `the deal has ended: ${deal.stage}` };
  if (deal.stage === 'filing') return { no: 'the contract is signed and can no longer be amended' };
  return 'accept';
}

export function takeAmend(deal: DealState, at: string, amend: Amend): void {
  if (judgeAmend(deal, amend) !== 'accept') return;
  deal.amend = amend;
  const what = [amend.parties && 'parties', amend.document && 'document'].filter(Boolean).join(' and ');
  note(deal, at, `amend asked (new ${what}): ${amend.reason}`, amend.by);
}

export function judgeResume(deal: DealState): Verdict {
  return deal.blocked ? 'accept' : { no: 'the deal is not blocked' };
}

export function takeResume(deal: DealState, at: string, resume: Resume): void {
  if (judgeResume(deal) !== 'accept') return;
  note(deal, at, resume.note ? `resumed: ${resume.note}` : 'resumed', resume.by);
  deal.blocked = null;
  deal.rejection = null;
}

export function judgeRemind(deal: DealState): Verdict {
  if (deal.stage !== 'out-for-signature') return { no: `the deal is ${deal.stage}: nobody to remind` };
  return deal.reminder ? 'repeat' : 'accept';
}

export function takeRemind(deal: DealState, at: string, remind: Remind): void {
  if (judgeRemind(deal) !== 'accept') return;
  deal.reminder = remind;
  note(deal, at, 'reminder asked', remind.by);
}

/** Events that can move a deal. Everything else a provider tells is not worth an entry in a deal's history. */
export const MOVING_EVENTS = ['envelope.sent', 'envelope.signed', 'envelope.declined', 'envelope.voided'];

/** What a deal that sends or has sent its envelope knows already; the gateway asks too, since a signal costs four history events. */
export function isEcho(stage: string, event: string): boolean {
  return event === 'envelope.sent' && ['sending', 'out-for-signature', 'filing'].includes(stage);
}

export function takeEvent(deal: DealState, event: EnvelopeEvent): void {
  if (isFinal(deal.stage) || deal.stage === 'filing' || !MOVING_EVENTS.includes(event.event)) return;
  if (deal.envelope && deal.envelope.id !== event.envelopeId) return;
  if (!isEcho(deal.stage, event.event)) deal.news = true;
}

/** Stands the deal still. A repeated refusal of the same kind is one entry on the timeline, however often it is met. */
export function block(deal: DealState, at: string, reason: Refusal, detail: string): void {
  deal.blocked = { reason, since: at, hint: REFUSALS[reason], detail };
  deal.blockedTimes += 1;
  const what = `blocked: ${reason}${detail ? ` (${detail})` : ''}`;
  if (deal.timeline.at(-1)?.what !== what) note(deal, at, what);
}

/** A fresh draft with what the amend brought: own envelope, own keys, own review. */
export function reviseDeal(deal: DealState, amend: Amend): void {
  if (amend.parties) deal.start.parties = amend.parties;
  if (amend.document) deal.start.document = amend.document;
  deal.revision += 1;
  deal.transport = deal.start.policy.upload;
  deal.envelope = null;
  deal.fieldsStatus = null;
  deal.fieldsVersion = null;
  deal.parties = nobodySigned(deal.start.parties);
  deal.approval = null;
  deal.rejection = null;
  deal.amend = null;
  deal.news = false;
  deal.turns = { create: 0, send: 0 };
  deal.firstTried = {};
}

/** Asks of people that the step under way should not keep waiting. */
export function interrupted(deal: DealState): boolean {
  return deal.cancel !== null || deal.amend !== null;
}

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

export function snapshotOf(deal: DealState): DealSnapshot {
  return {
    dealId: deal.start.dealId,
    round: deal.start.round,
    documentType: deal.start.documentType,
    provider: deal.start.policy.provider,
    stage: deal.stage,
    since: deal.since,
    waitingFor: waitingFor(deal),
    blocked: deal.blocked,
    envelopeId: deal.envelope?.id ?? null,
    revision: deal.revision,
    reviewUrl: deal.envelope?.reviewUrl ?? null,
    fieldsStatus: deal.fieldsStatus,
    fieldsVersion: deal.fieldsVersion,
    parties: deal.parties,
    signedPdf: deal.signedPdf,
    timeline: deal.timeline,
  };
}

/** One write to the CRM: the deal as it stands. `version` grows with every write, so a late one cannot overwrite a newer. */
export interface CrmRecord {
  dealId: string;
  round: number;
  version: number;
  stage: Stage;
  /** The CRM's own name of the stage, where the company mapped one. */
  crmStage?: string;
  documentType: string;
  envelopeId: string | null;
  reviewUrl: string | null;
  outcome: string | null;
  reason: string | null;
  signedAt: string | null;
}

/** The deal as the CRM shall see it in `stage`, the one it is about to enter. */
export function crmRecordOf(deal: DealState, stage: Stage): CrmRecord {
  const crmStage = crmStageOf(deal.start.policy, stage);
  return {
    dealId: deal.start.dealId,
    round: deal.start.round,
    version: deal.crmVersion,
    stage,
    ...(crmStage !== undefined && { crmStage }),
    documentType: deal.start.documentType,
    envelopeId: deal.envelope?.id ?? null,
    reviewUrl: deal.envelope?.reviewUrl ?? null,
    outcome: isFinal(stage) ? stage : null,
    reason: deal.reason,
    signedAt: deal.signedAt,
  };
}
