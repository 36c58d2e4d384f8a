/**
 * What a deal hears. The same name serves as signal (for people and for when no worker is up) and as update (for programs that want an
 * answer). A signal is put aside until the deal waits (see `alarm.ts`), then turned into a message or a note; no payload makes it throw. An
 * update takes effect at once, and is refused while the deal is in the midst of a local activity.
 */
import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import {
  DEAL_QUERY,
  EVENT_SIGNAL,
  readAmend,
  readCancel,
  readEnvelopeEvent,
  readRemind,
  readResume,
  readReview,
  type MessageName,
  type Read,
  type Taken,
} from '../deal/messages.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import { snapshotOf } from '../deal/showing.js';
import { note, type DealState, type PutAside } from '../deal/state.js';
import {
  judgeAmend,
  judgeCancel,
  judgeRemind,
  judgeResume,
  judgeReview,
  takeAmend,
  takeCancel,
  takeEvent,
  takeRemind,
  takeResume,
  takeReview,
  type Verdict,
} from '../deal/verdicts.js';
import { tick } from './clock.js';

const UNKNOWN_SIGNAL = 'unknown signal';

interface Message<T> {
  name: MessageName;
  description: string;
  read: (input: unknown) => Read<T>;
  judge: (deal: DealState, message: T) => Verdict;
  take: (deal: DealState, message: T) => void;
}

/** Sets the deal's handlers, and answers what lets a signal that was put aside take effect. */
export function listen(deal: DealState): (signal: PutAside) => void {
  const signals = new Map<string, (input: unknown) => void>([
    [EVENT_SIGNAL, (input) => hearEvent(deal, input)],
    [UNKNOWN_SIGNAL, (name) => note(deal, `a signal of an unknown name had no effect: ${String(name).slice(0, 50)}`)],
    ...[
      hear(deal, {
        name: 'review',
        description: 'Approve or reject the draft: {"decision": "approve", "reviewer": "name"}',
        read: readReview,
        judge: judgeReview,
        take: takeReview,
      }),
      hear(deal, {
        name: 'cancel',
        description: 'Void what is out and end the deal: {"reason": "why", "by": "name"}',
        read: readCancel,
        judge: judgeCancel,
        take: takeCancel,
      }),
      hear(deal, {
        name: 'amend',
        description:
          'Replace parties or document by a new draft: {"document": {"uri": "..."}, "by": "name", "reason": "why"}',
        read: readAmend,
        judge: judgeAmend,
        take: takeAmend,
      }),
      hear(deal, {
        name: 'resume',
        description: 'Try again what the deal is blocked at: {"by": "name"}',
        read: readResume,
        judge: judgeResume,
        take: takeResume,
      }),
      hear(deal, {
        name: 'remind',
        description: 'Nudge the signer whose turn it is: {"by": "name"}',
        read: readRemind,
        judge: judgeRemind,
        take: takeRemind,
      }),
    ],
  ]);

  setHandler(defineSignal<[unknown]>(EVENT_SIGNAL), (input) => putAside(deal, EVENT_SIGNAL, input), {
    description: 'What the gateway heard from the provider; not to be sent by hand',
  });
  // A name that is mistyped would otherwise be kept for ever without a word.
  setDefaultSignalHandler((name) => putAside(deal, UNKNOWN_SIGNAL, name));
  setHandler(defineQuery<DealSnapshot>(DEAL_QUERY), () => snapshotOf(deal), {
    description: 'The deal as it stands',
  });
  CancellationScope.current().cancelRequested.catch((reason: unknown) => {
    if (isCancellation(reason)) putAside(deal, 'cancel', { reason: 'cancelled in Temporal', by: 'temporal' });
  });

  return ({ name, input }) => signals.get(name)?.(input);
}

function putAside(deal: DealState, name: string, input: unknown): void {
  tick(deal);
  deal.inbox.push({ name, input });
}

function hearEvent(deal: DealState, input: unknown): void {
  const event = readEnvelopeEvent(input);
  if (event.value) takeEvent(deal, event.value);
  else note(deal, `event not understood: ${event.problem}`);
}

/** Sets the handlers of one message; answers what its signal does when its time has come. */
function hear<T>(deal: DealState, message: Message<T>): [MessageName, (input: unknown) => void] {
  const { name, description, read, judge, take } = message;

  setHandler(defineSignal<[unknown]>(name), (input) => putAside(deal, name, input), { description });

  setHandler(
    defineUpdate<Taken, [unknown]>(name),
    (input) => {
      tick(deal);
      deal.stirrings += 1;
      const { value, problem } = read(input);
      if (problem !== undefined) throw refusal('Malformed', problem);
      const verdict = judge(deal, value);
      if (typeof verdict === 'object') throw refusal('NotNow', verdict.no);
      take(deal, value);
      return { taken: verdict, stage: deal.stage };
    },
    {
      description,
      validator: (input) => {
        if (deal.busy)
          throw refusal('Busy', 'the deal is in the midst of a step: ask again in a moment, or send a signal');
        const { value, problem } = read(input);
        if (problem !== undefined) throw refusal('Malformed', problem);
        const verdict = judge(deal, value);
        if (typeof verdict === 'object') throw refusal('NotNow', verdict.no);
      },
    },
  );

  return [
    name,
    (input) => {
      const { value, problem } = read(input);
      if (problem !== undefined) return note(deal, `${name} not understood: ${problem}`);
      const verdict = judge(deal, value);
      if (typeof verdict === 'object') note(deal, `${name} had no effect: ${verdict.no}`);
      else take(deal, value);
    },
  ];
}

function refusal(type: 'Busy' | 'Malformed' | 'NotNow', message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
