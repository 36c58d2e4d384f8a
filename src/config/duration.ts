import ms from 'ms';

/** Milliseconds of a duration with its unit ("15 minutes", "3 days"); undefined when unreadable, zero or negative. */
export function readDuration(text: string): number | undefined {
  if (!isDuration(text)) return undefined;
  const milliseconds = ms(text);
  return Number.isFinite(milliseconds) && milliseconds >= 1 ? Math.round(milliseconds) : undefined;
}

/** A bare number is refused: `ms` would read "15" as 15 milliseconds, which nobody means. */
function isDuration(text: string): text is ms.StringValue {
  return /^\d+(\.\d+)? ?[a-z]+$/i.test(text);
}
