/**
 * How often the same message is passed on. Signatures of webhooks cover no time, so whoever has seen one can send it for ever; each that is
 * passed on costs a deal some history and a look at its provider. Messages carry no id either, and two that say the same may both be new (two
 * people have signed), so a few go through, and later one now and then.
 */
export interface Repeats {
  /** Whether the message that `key` names may be passed on now. */
  take(key: string): boolean;
  /** It was not passed on after all. */
  giveBack(key: string): void;
}

export interface RepeatsOptions {
  atOnce?: number;
  /** How long, in milliseconds, until one more may go. */
  refillMs?: number;
  /** How many messages are remembered; those that were not seen for longest are forgotten. */
  most?: number;
  now?: () => number;
}

export function createRepeats({
  atOnce = 5,
  refillMs = 60_000,
  most = 20_000,
  now = Date.now,
}: RepeatsOptions = {}): Repeats {
  /** When each message may be passed on without counting against `atOnce`; in the order in which they were last seen. */
  const free = new Map<string, number>();

  const remember = (key: string, at: number): void => {
    free.delete(key);
    free.set(key, at);
    const [oldest] = free.keys();
    if (free.size > most && oldest !== undefined) free.delete(oldest);
  };

  return {
    take(key) {
      const at = Math.max(free.get(key) ?? 0, now());
      const allowed = at - now() <= (atOnce - 1) * refillMs;
      remember(key, allowed ? at + refillMs : at);
      return allowed;
    },
    giveBack(key) {
      const at = free.get(key);
      if (at !== undefined) remember(key, at - refillMs);
    },
  };
}
