/** Times for people to hear. */

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** Milliseconds in the largest unit that fits: "3 days". */
export function durationWords(milliseconds: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor(milliseconds / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'less than a minute';
}

/** "for 3 days (since 2026-01-05T09:00:00.000Z)" */
export function sinceWords(instant: string, now: Date): string {
  return `for ${durationWords(now.getTime() - Date.parse(instant))} (since ${instant})`;
}

export function isPast(instant: string, now: Date): boolean {
  return Date.parse(instant) < now.getTime();
}
