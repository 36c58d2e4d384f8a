/** What became of an action, told once on the page that follows it. The cookie holds names, never text. */
import { ACTIONS, type Action } from '../../deal/messages.js';
import type { TellAnswer } from '../desk.js';
import { ACTION_WORDS } from './words.js';

export const FLASH_COOKIE = 'countersign-told';
export const FLASH_SECONDS = 60;

const RESULTS = ['taken', 'repeat', 'queued'] as const;
type Result = (typeof RESULTS)[number];

export interface Flash {
  kind: 'good' | 'note';
  text: string;
}

export function flashOf(dealId: string, action: Action, answer: TellAnswer): string {
  const result: Result = answer.queued ? 'queued' : answer.repeat ? 'repeat' : 'taken';
  return `${action}/${result}/${dealId}`;
}

/** Undefined when it is about another deal, or nothing that the console wrote. */
export function readFlash(cookie: string | undefined, dealId: string): Flash | undefined {
  const [name, told, id] = cookie?.split('/') ?? [];
  const action = ACTIONS.find((known) => known === name);
  const result = RESULTS.find((known) => known === told);
  if (!action || !result || id !== dealId) return undefined;
  switch (result) {
    case 'taken':
      return { kind: 'good', text: TAKEN[action] };
    case 'repeat':
      return { kind: 'note', text: `${ACTION_WORDS[action]}: the deal had taken that already. Nothing is done twice.` };
    case 'queued':
      return {
        kind: 'note',
        text: `${ACTION_WORDS[action]}: handed over. The deal is in the midst of a step and takes it afterwards; its timeline will tell.`,
      };
  }
}

const TAKEN: Record<Action, string> = {
  approve: 'Approved. The contract goes out now.',
  reject: 'Rejected. The deal waits until it is amended or cancelled.',
  amend: 'Amend taken. The new draft is made now.',
  remind: 'Reminder asked. The signer is mailed now.',
  resume: 'Resumed. The step is tried again now.',
  cancel: 'Cancel taken. What is out is voided now.',
};
