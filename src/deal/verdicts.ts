/** What each message does to a deal: `judge` tells whether it counts now, `take` lets it change the deal. Pure, and safe to call twice. */
import { keepDuration } from './figures.js';
import {
  ACTIONS,
  type Action,
  type Amend,
  type Cancel,
  type EnvelopeEvent,
  type Remind,
  type Resume,
  type Review,
} from './messages.js';
import { endOf, isEcho, MOVING_EVENTS, note, type DealState } from './state.js';

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

export function takeReview(deal: DealState, review: Review): void {
  if (judgeReview(deal, review) !== 'accept') return;
  const said = review.note ? `: ${review.note}` : '';
  keepDuration(deal.figures.reviews, Date.parse(deal.clock) - Date.parse(deal.since));
  if (review.decision === 'approve') {
    deal.approval = review;
    deal.rejection = null;
    if (deal.blocked?.reason === 'review-rejected') deal.blocked = null;
    note(deal, `approved${said}`, review.reviewer);
  } else {
    deal.rejection = review;
    note(deal, `rejected${said}`, review.reviewer);
  }
}

export function judgeCancel(deal: DealState, cancel: Cancel): Verdict {
  if (deal.cancel) {
    return deal.cancel.by === cancel.by && deal.cancel.reason === cancel.reason
      ? 'repeat'
      : { no: `already being cancelled by ${deal.cancel.by}` };
  }
  const end = endOf(deal);
  if (end) return { no: `the deal has ended: ${end}` };
  if (deal.stage === 'filing') return { no: 'the contract is signed and can no longer be cancelled here' };
  return 'accept';
}

export function takeCancel(deal: DealState, cancel: Cancel): void {
  if (judgeCancel(deal, cancel) !== 'accept') return;
  deal.cancel = cancel;
  if (cancel.by !== 'crm') deal.figures.interventions += 1;
  note(deal, `cancel asked: ${cancel.reason}`, cancel.by);
}

export function judgeAmend(deal: DealState, amend: Amend): Verdict {
  if (deal.amend) {
    return JSON.stringify(deal.amend) === JSON.stringify(amend) ? 'repeat' : { no: 'another amend is under way' };
  }
  if (deal.cancel) return { no: 'the deal is being cancelled' };
  const end = endOf(deal);
  if (end) return { no: `the deal has ended: ${end}` };
  if (deal.stage === 'filing') return { no: 'the contract is signed and can no longer be amended' };
  return 'accept';
}

export function takeAmend(deal: DealState, amend: Amend): void {
  if (judgeAmend(deal, amend) !== 'accept') return;
  deal.amend = amend;
  deal.figures.interventions += 1;
  const what = [amend.parties && 'parties', amend.document && 'document'].filter(Boolean).join(' and ');
  note(deal, `amend asked (new ${what}): ${amend.reason}`, amend.by);
}

export function judgeResume(deal: DealState): Verdict {
  return deal.blocked ? 'accept' : { no: 'the deal is not blocked' };
}

export function takeResume(deal: DealState, resume: Resume): void {
  if (judgeResume(deal) !== 'accept') return;
  deal.figures.interventions += 1;
  note(deal, resume.note ? `resumed: ${resume.note}` : 'resumed', resume.by);
  deal.blocked = null;
  deal.rejection = null;
}

export function judgeRemind(deal: DealState): Verdict {
  if (deal.stage !== 'out-for-signature') return { no: `the deal is ${deal.stage}: nobody to remind` };
  return deal.reminder ? 'repeat' : 'accept';
}

export function takeRemind(deal: DealState, remind: Remind): void {
  if (judgeRemind(deal) !== 'accept') return;
  deal.reminder = remind;
  deal.figures.interventions += 1;
  note(deal, 'reminder asked', remind.by);
}

export function takeEvent(deal: DealState, event: EnvelopeEvent): void {
  if (endOf(deal) || deal.stage === 'filing' || !MOVING_EVENTS.includes(event.event)) return;
  if (deal.envelope && deal.envelope.id !== event.envelopeId) return;
  if (isEcho(deal.stage, event.event)) return;
  deal.news = true;
  deal.newsSince ??= Number.isNaN(Date.parse(event.receivedAt)) ? deal.clock : event.receivedAt;
}

/** Nobody's name: only whether the deal would take the message is asked. */
const SOMEBODY = { by: '', reason: '' };

const JUDGES: Record<Action, (deal: DealState) => Verdict> = {
  approve: (deal) => judgeReview(deal, { decision: 'approve', reviewer: SOMEBODY.by }),
  reject: (deal) => judgeReview(deal, { decision: 'reject', reviewer: SOMEBODY.by }),
  amend: (deal) => judgeAmend(deal, SOMEBODY),
  remind: judgeRemind,
  resume: judgeResume,
  cancel: (deal) => judgeCancel(deal, SOMEBODY),
};

/** What people may do with the deal as it stands. */
export function actionsOf(deal: DealState): Action[] {
  return ACTIONS.filter((action) => JUDGES[action](deal) === 'accept');
}
