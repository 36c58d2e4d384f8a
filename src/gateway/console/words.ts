/** How the console says what the domain names: labels, and what each action will do, in plain words. */
import type { Action, MessageName } from '../../deal/messages.js';
import type { PartyProgress, PartyStatus } from '../../deal/party.js';
import type { Refusal } from '../../deal/refusals.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { isFinal, type Stage } from '../../deal/stages.js';
import { may, MESSAGE_DEEDS } from '../access.js';
import type { Caller } from '../identity.js';

/** `out-for-signature` as "Out for signature". */
export function stageWords(stage: Stage | null): string {
  return stage === null ? 'Unknown' : sentence(stage);
}

/** `crm-refused` as "CRM refused". */
export function refusalWords(reason: Refusal): string {
  return sentence(reason);
}

function sentence(name: string): string {
  const words = name
    .replaceAll('-', ' ')
    .replace(/\bcrm\b/, 'CRM')
    .replace(/\bpdf\b/, 'PDF');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const PARTY_WORDS: Record<PartyStatus, string> = {
  waiting: 'Waiting for their turn',
  pending: 'Their turn to sign',
  signed: 'Signed',
  declined: 'Declined',
  copied: 'Gets a copy',
  unknown: 'Not known',
};

export const ACTION_WORDS: Record<Action, string> = {
  approve: 'Approve',
  reject: 'Reject',
  amend: 'Amend',
  remind: 'Remind',
  resume: 'Resume',
  cancel: 'Cancel the deal',
};

/** What the button says that does it: more than the name where something is sent or voided. */
export function buttonWords(action: Action, deal: DealSnapshot | null): string {
  if (action === 'approve') return 'Approve and send';
  if (action === 'reject') return 'Reject the draft';
  if (action === 'amend') return deal && isOut(deal) ? 'Void it and draft anew' : 'Amend the deal';
  if (action === 'cancel') return deal && isOut(deal) ? 'Void it and cancel the deal' : 'Cancel the deal';
  return action === 'remind' ? 'Send the reminder' : 'Resume the deal';
}

/** What the action will do, before anybody presses the button. */
export function consequencesOf(action: Action, deal: DealSnapshot): string[] {
  const signers = deal.parties.filter(({ status }) => status !== 'copied');
  const copies = deal.parties.length - signers.length;
  const signed = signers.filter(({ status }) => status === 'signed').length;
  switch (action) {
    case 'approve':
      return [
        `This sends the contract to ${count(signers.length, 'signer')} and costs one${deal.credits.spent > 0 ? ' more' : ''} credit.`,
        ...(signers.length > 1 ? [`They sign in turn: ${inTurn(signers)}.`] : []),
        ...(copies > 0 ? [`${count(copies, 'party', 'parties')} in copy.`] : []),
      ];
    case 'reject':
      return ['Nothing is sent. The deal stands still until somebody amends or cancels it.'];
    case 'amend':
      if (!isOut(deal)) {
        return ['This puts a new draft in the place of the present one. It is reviewed again before anything is sent.'];
      }
      return [
        'This voids the contract that is out and drafts a new one, which is reviewed again before it is sent.',
        ...(signed > 0 ? [`${count(signed, 'signature')} given so far will not count.`] : []),
        'Sending the new one costs another credit.',
      ];
    case 'cancel':
      if (!isOut(deal)) return ['This ends the deal and takes its draft back. Nothing is sent to anybody.'];
      return [
        'This voids the contract that is out and ends the deal: nobody can sign it any more.',
        ...(signed > 0 ? [`${count(signed, 'signature')} given so far will not count.`] : []),
      ];
    case 'remind': {
      const next = signers.find(({ status }) => status === 'pending');
      return [
        `This mails a reminder to ${next ? partyWords(next) : 'the signer whose turn it is'}. It costs no credit.`,
      ];
    }
    case 'resume':
      return ['This tries the step again at which the deal stands still. Nothing is done twice.'];
  }
}

function isOut({ stage }: DealSnapshot): boolean {
  return stage === 'sending' || stage === 'out-for-signature';
}

export function partyWords({ role, order }: PartyProgress): string {
  return `${role} (signer ${order})`;
}

function inTurn(signers: readonly PartyProgress[]): string {
  return [...signers]
    .sort((a, b) => a.order - b.order)
    .map(({ role }) => role)
    .join(', then ');
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

export function messageOf(action: Action): MessageName {
  return action === 'approve' || action === 'reject' ? 'review' : action;
}

export function mayDo(caller: Caller, action: Action): boolean {
  return may(caller, MESSAGE_DEEDS[messageOf(action)]);
}

/** What brings a deal on stands before what takes it back. */
const ONWARD_FIRST: readonly Action[] = ['approve', 'reject', 'resume', 'remind', 'amend', 'cancel'];

/** The actions that the deal would take now and this caller may ask for. */
export function actionsFor(caller: Caller, deal: DealSnapshot): Action[] {
  if (isFinal(deal.stage)) return [];
  return ONWARD_FIRST.filter((action) => deal.actions.includes(action) && mayDo(caller, action));
}
