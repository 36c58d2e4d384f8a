/** Follows a deal: tells each change as it is seen, until the deal ends or has come as far as was asked. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Blocked, DealSnapshot, TimelineEntry } from '../../deal/snapshot.js';
import { isFinal, OPEN_STAGES, type Stage } from '../../deal/stages.js';
import { knownProblem } from '../failure.js';
import type { DealsDesk } from './gateway-desk.js';

export type Change =
  | ({ change: 'entry' } & TimelineEntry)
  | { change: 'state'; stage: Stage; since: string; waitingFor: string | null; blocked: Blocked | null }
  /** The deal cannot be asked; it is asked again and again. */
  | { change: 'outage'; why: string }
  | { change: 'back' };

/** `interrupted`: the person who watched has gone. */
export type Watched = { end: 'reached' | 'ended'; stage: Stage } | { end: 'interrupted' };

export interface WatchParts {
  desk: Pick<DealsDesk, 'read'>;
  dealId: string;
  round?: number;
  /** The stage to wait for; `completed` by default. */
  until?: Stage;
  tell: (change: Change) => void;
  signal: AbortSignal;
  /** Milliseconds between two looks: at first, and at the longest. */
  pauses?: { first: number; longest: number };
}

const SLOWER = 1.5;

/** Throws what the first look throws, and later whatever is no outage: a deal that is forgotten, a token that ended. */
export async function watch(parts: WatchParts): Promise<Watched> {
  const { desk, dealId, until = 'completed', tell, signal, pauses = { first: 1_000, longest: 10_000 } } = parts;
  let round = parts.round;
  let seen: DealSnapshot | undefined;
  let away = false;
  let pause = pauses.first;

  while (!signal.aborted) {
    const looked = await look(() => desk.read(dealId, round), seen !== undefined, signal);
    if (looked.kind === 'gone') break;
    pause = Math.min(pause * SLOWER, pauses.longest);
    if (looked.kind === 'outage') {
      if (!away) tell({ change: 'outage', why: looked.why });
      away = true;
    } else {
      if (away) tell({ change: 'back' });
      away = false;
      const { deal } = looked;
      if (changesBetween(seen, deal).map(tell).length > 0) pause = pauses.first;
      const end = endOf(deal.stage, until);
      if (end) return { end, stage: deal.stage };
      seen = deal;
      // A later round is another story.
      round = deal.round;
    }
    await wait(pause, undefined, { signal }).catch(() => undefined);
  }
  return { end: 'interrupted' };
}

type Looked = { kind: 'seen'; deal: DealSnapshot } | { kind: 'outage'; why: string } | { kind: 'gone' };

async function look(read: () => Promise<DealSnapshot>, wasSeen: boolean, signal: AbortSignal): Promise<Looked> {
  const gone = new Promise<Looked>((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'gone' })));
  const seen = read().then(
    (deal): Looked => ({ kind: 'seen', deal }),
    (error: unknown): Looked => {
      const problem = knownProblem(error);
      // What cannot be reached from the first may never be: that is for the person to mend.
      if (!wasSeen || !problem || (problem.status < 500 && problem.status !== 429)) throw error;
      return { kind: 'outage', why: problem.message };
    },
  );
  return Promise.race([seen, gone]);
}

function changesBetween(before: DealSnapshot | undefined, deal: DealSnapshot): Change[] {
  const entries = newEntries(before?.timeline ?? [], deal.timeline);
  const changes = entries.map((entry): Change => ({ change: 'entry', ...entry }));
  if (before && standing(before) === standing(deal)) return changes;
  const { stage, since, waitingFor, blocked } = deal;
  return [...changes, { change: 'state', stage, since, waitingFor, blocked }];
}

function standing({ stage, since, waitingFor, blocked }: DealSnapshot): string {
  return JSON.stringify([stage, since, waitingFor, blocked]);
}

/** A long timeline loses its oldest entries but the first, so what is new shows only where the rest of the old one ends. */
export function newEntries(before: readonly TimelineEntry[], now: readonly TimelineEntry[]): readonly TimelineEntry[] {
  for (let lost = 0; lost < before.length; lost++) {
    const kept = before.length - lost;
    const old = before.slice(lost === 0 ? 0 : lost + 1);
    const same = now.slice(lost === 0 ? 0 : 1, kept);
    if (JSON.stringify(old) === JSON.stringify(same)) return now.slice(kept);
  }
  return now;
}

/** Undefined while there is something to wait for. */
function endOf(stage: Stage, until: Stage): 'reached' | 'ended' | undefined {
  if (stage === until) return 'reached';
  const way: readonly Stage[] = [...OPEN_STAGES, 'completed'];
  // It may have gone through the stage between two looks.
  if (way.includes(until) && way.indexOf(stage) > way.indexOf(until)) return 'reached';
  return isFinal(stage) ? 'ended' : undefined;
}
