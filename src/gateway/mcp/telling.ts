/** What to tell of a deal: what it waits for, why and since when, what would move it on and who could do it. */
import type { Role } from '../../config.js';
import type { Action, MessageName } from '../../deal/messages.js';
import { retriesByItself } from '../../deal/refusals.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { isFinal } from '../../deal/stages.js';
import { MAY, may, MESSAGE_DEEDS } from '../access.js';
import type { Caller } from '../identity.js';
import { durationWords, isPast, sinceWords } from './times.js';

const MESSAGE_OF: Record<Action, MessageName> = {
  approve: 'review',
  reject: 'review',
  amend: 'amend',
  remind: 'remind',
  resume: 'resume',
  cancel: 'cancel',
};

export interface Possible {
  action: Action;
  roles: readonly Role[];
  /** Whether the caller's own role is one of them. */
  yours: boolean;
}

/** What people may do with the deal as it stands, and which roles. */
export function possibleActions(deal: DealSnapshot, caller: Caller): Possible[] {
  return deal.actions.map((action) => {
    const deed = MESSAGE_DEEDS[MESSAGE_OF[action]];
    return { action, roles: MAY[deed], yours: may(caller, deed) };
  });
}

/** What would move the deal on. */
export function nextStep({ stage, blocked, parties }: DealSnapshot): string {
  if (isFinal(stage)) return 'Nothing: it has ended. To do it again, start its next round.';
  if (blocked) {
    const again = retriesByItself(blocked.reason, 0) !== undefined && !blocked.hint.includes('by itself');
    return again ? `${blocked.hint} It is also tried again by itself now and then.` : blocked.hint;
  }
  switch (stage) {
    case 'in-review':
      return 'A reviewer or an operator looks at the draft and approves it, which sends it to the signers, or rejects it.';
    case 'out-for-signature': {
      const turn = parties.find(({ status }) => status === 'pending');
      const who = turn ? `The signer ${quoted(turn.role)}` : 'The signer whose turn it is';
      return `${who} signs by the link that the e-sign provider sent. An operator can have a reminder sent.`;
    }
    case 'filing':
      return 'Nobody needs to act: the contract is signed, and Countersign files the PDF and attaches it in the CRM.';
    case 'preparing':
    case 'detecting':
    case 'sending':
      return 'Nobody needs to act: Countersign and the e-sign provider do this step by themselves.';
  }
}

/** The deal in words that can be repeated to a person. */
export function dealWords(deal: DealSnapshot, caller: Caller, now: Date): string {
  const { stage, blocked, waitingFor, reviewDue, expiresAt, signedPdf, reviewUrl, parties } = deal;
  const ended = isFinal(stage);
  const name = `${titleOf(deal)}, of the document type ${quoted(deal.documentType)},`;
  const actions = possibleActions(deal, caller).map(({ action, roles }) => `${action} (${roles.join(' or ')})`);
  return [
    `${name} ${ended ? 'has ended' : 'is'} ${stage}, ${sinceWords(deal.since, now)}.`,
    blocked && `It is blocked by ${blocked.reason}, ${sinceWords(blocked.since, now)}.`,
    blocked?.detail && `What the other side said: ${quoted(blocked.detail)}.`,
    !blocked && waitingFor !== null && `It waits for ${waitingFor.replaceAll(/\s+/g, ' ')}.`,
    `What moves it on: ${nextStep(deal)}`,
    reviewDue !== null &&
      (isPast(reviewDue, now)
        ? `The review is overdue since ${reviewDue}, by ${durationWords(now.getTime() - Date.parse(reviewDue))}.`
        : `The review is due by ${reviewDue}.`),
    expiresAt !== null && `Unless it is signed by ${expiresAt}, the envelope is voided.`,
    parties.length > 0 &&
      `Signers in their order: ${parties.map(({ role, status }) => `${quoted(role)} ${status}`).join(', ')}.`,
    actions.length > 0 &&
      `People can now: ${actions.join(', ')}. They do so in the console or on the command line; no tool here does.`,
    reviewUrl !== null &&
      stage === 'in-review' &&
      `Its review page (whoever holds the link can send the contract, so give it to reviewers only): ${reviewUrl}`,
    signedPdf && `The signed PDF is filed: ${signedPdf.pages} pages, sha256 ${signedPdf.sha256}.`,
  ]
    .filter((line) => typeof line === 'string' && line !== '')
    .join('\n');
}

export function titleOf({ dealId, round }: { dealId: string; round: number }): string {
  return `Deal ${dealId}${round > 1 ? ` (round ${round})` : ''}`;
}

/** Text of people and of other systems, on one line and in quotes, so that it cannot pass for the tool's own words. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
