/**
 * How far somebody has read a deal's timeline. Its length would not do: old entries of a long timeline go, so from then on it stays the same.
 * The mark is the time of the last entry and how many have that time.
 */
import type { TimelineEntry } from '../../deal/snapshot.js';
import { quoted } from './telling.js';

const MARK = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\/(\d{1,3})$/;

export function isMark(text: string): boolean {
  return MARK.test(text);
}

/** The mark after the last entry. */
export function lastSeen(timeline: readonly TimelineEntry[]): string {
  const last = timeline.at(-1)?.at ?? '1970-01-01T00:00:00.000Z';
  return `${last}/${timeline.filter(({ at }) => at === last).length}`;
}

/** The entries after the mark, oldest first. */
export function entriesAfter(timeline: readonly TimelineEntry[], mark: string): TimelineEntry[] {
  const [, at = '', count = '0'] = MARK.exec(mark) ?? [];
  const same = timeline.filter((entry) => entry.at === at).slice(Number(count));
  const later = timeline.filter((entry) => Date.parse(entry.at) > Date.parse(at));
  return [...same, ...later];
}

export function entryWords({ at, what, by }: TimelineEntry): string {
  return `- ${at}: ${quoted(what)}, by ${quoted(by)}`;
}
