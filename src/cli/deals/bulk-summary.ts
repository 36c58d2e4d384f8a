/** What came of a bulk action. */
import type { Answer } from '../program.js';
import type { BulkAction, Outcome } from './bulk.js';

export interface BulkEnd {
  action: BulkAction;
  outcomes: readonly Outcome[];
  ending: 'all' | 'interrupted' | 'given-up';
  /** The journal. */
  path: string;
  /** Deals that were not come to. */
  left: number;
}

const NAMED = 20;

export function summary({ action, outcomes, ending, path, left }: BulkEnd): Answer {
  const having = (...results: Outcome['result'][]): Outcome[] =>
    outcomes.filter(({ result }) => results.includes(result));
  const done = having('taken', 'repeat', 'queued');
  const queued = having('queued');
  const refused = having('refused');
  const failed = having('failed');
  const ok = failed.length === 0 && left === 0;

  const waiting = queued.length > 0 ? ` (${queued.length} queued: their timelines will tell)` : '';
  const lines = [
    ...reasonsOf('refused', refused),
    ...reasonsOf('failed', failed),
    `${action}: ${done.length} done${waiting}, ${refused.length} refused, ${failed.length} failed${left > 0 ? `, ${left} left` : ''}.`,
    ...(ending === 'given-up' ? ['Too many failed in a row, so the others were left alone.'] : []),
    ...(ok ? [] : [`The same command goes on where this ended, by ${path}.`]),
  ];
  const json = {
    ok,
    action,
    deals: outcomes.length + left,
    done: done.length,
    queued: queued.length,
    refused: refused.map(problemOf),
    failed: failed.map(problemOf),
    left,
    ending,
    journal: path,
  };
  return { ok, json, text: `${lines.join('\n')}\n` };
}

function problemOf({ dealId, kind, why }: Outcome): object {
  return { dealId, kind, why };
}

/** A line a reason, with the deals that it holds for. */
function reasonsOf(word: string, outcomes: readonly Outcome[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { dealId, why = '' } of outcomes) groups.set(why, [...(groups.get(why) ?? []), dealId]);
  return [...groups].map(([why, deals]) => {
    const more = deals.length > NAMED ? ` and ${deals.length - NAMED} more` : '';
    return `${word}: ${deals.slice(0, NAMED).join(', ')}${more}: ${why}`;
  });
}
