/** Moments and stretches of time as people read them. */
import type { VNode } from 'preact';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 days ago", "in 2 hours"; the instant itself is on the element for machines. */
export function Ago({ at, now }: { at: string; now: number }): VNode {
  return (
    <time datetime={at} title={absolute(at)}>
      {relative(at, now)}
    </time>
  );
}

/** Relative and absolute. */
export function Moment({ at, now }: { at: string; now: number }): VNode {
  return (
    <span class="moment">
      <Ago at={at} now={now} /> <span class="muted">{absolute(at)}</span>
    </span>
  );
}

/** `2026-01-05 09:00 UTC` */
export function absolute(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const iso = date.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

export function relative(at: string, now: number): string {
  const ms = now - Date.parse(at);
  if (Number.isNaN(ms)) return at;
  const size = Math.abs(ms);
  if (size < MINUTE) return ms >= 0 ? 'just now' : 'in less than a minute';
  const [amount, unit] =
    size < HOUR ? [size / MINUTE, 'min'] : size < 2 * DAY ? [size / HOUR, 'hour'] : [size / DAY, 'day'];
  // What is to come is not cut: a day that has just begun to run is no 23 hours.
  const whole = ms >= 0 ? Math.floor(amount) : Math.round(amount);
  const words = `${whole} ${unit}${whole === 1 || unit === 'min' ? '' : 's'}`;
  return ms >= 0 ? `${words} ago` : `in ${words}`;
}
