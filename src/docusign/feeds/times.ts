/** Times of DocuSign's as rows carry them: to the second, UTC. */

const ISO = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$/;
const US = /^(\d{1,2})\/(\d{1,2})\/(\d{4})[, ]\s*(\d{1,2}):(\d{2}):(\d{2})\s*([AaPp])[Mm]\s*(Z|z|[+-]\d{2}:?\d{2})?$/;

/** `2024-06-30T07:08:06.3038365Z`, without a fraction, with an offset or with no zone (UTC then); null for what is no such time. */
export function fromIso(text: unknown): string | null {
  const match = typeof text === 'string' ? ISO.exec(text.trim()) : null;
  if (!match) return null;
  const [, year, month, day, hour, minute, second = '0', zone] = match;
  return toSecond([year, month, day, hour, minute, second].map(Number), zone);
}

/**
 * `6/30/2024 7:08:06 PM`, as `userSettings.modifiedDate` shows it; its zone is documented nowhere, the Cortex pack takes it for UTC. Null for what
 * is no such time.
 */
export function fromUs(text: unknown): string | null {
  const match = typeof text === 'string' ? US.exec(text.trim()) : null;
  if (!match) return null;
  const [, month, day, year, hour, minute, second, half, zone] = match;
  const twelve = Number(hour);
  if (twelve < 1 || twelve > 12) return null;
  const hours = (twelve % 12) + (half?.toLowerCase() === 'p' ? 12 : 0);
  return toSecond([Number(year), Number(month), Number(day), hours, Number(minute), Number(second)], zone);
}

/** A whole second of `time`, ms since 1970. */
export function isoSecond(time: number): string {
  return `${new Date(Math.floor(time / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

function toSecond(parts: number[], zone: string | undefined): string | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  time.setUTCHours(hour, minute, second);
  // A date that does not exist, the 31st of June, would have rolled over into one that does.
  const rolled = time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day || time.getUTCHours() !== hour;
  if (rolled || minute > 59 || second > 59) return null;
  const moved = time.getTime() - offsetOf(zone);
  const shown = isoSecond(moved);
  return /^\d{4}-/.test(shown) ? shown : null;
}

function offsetOf(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '') ?? [];
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return sign === '-' ? -offset : offset;
}
