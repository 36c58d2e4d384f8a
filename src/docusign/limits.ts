/**
 * The account's two limits: calls an hour, and in any 30 s. All apps of the account share them, and Countersign's feeds could use
 * them up, so feeds leave the last fifth to deals.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { DocusignError, type DocusignApi } from './account.js';
import type { DocusignEnvironment } from './settings.js';

export const BURST_MS = 30_000;
const HOUR_MS = 3_600_000;
/** DocuSign's pages on limits; headers overrule them. */
const HOURLY = 3_000;
const BURST: Readonly<Record<DocusignEnvironment, number>> = { developer: 200, production: 500 };
const KEPT_FOR_DEALS = 0.2;

export interface LimitedCall {
  api: DocusignApi;
  /** Below the API's root, or a whole address. */
  path: string;
}

/** A call that has room; its answer's headers go to `told`. */
export interface Slot {
  told(headers: IncomingHttpHeaders): void;
  /** The account's limit was met although there seemed to be room. `until`: ms since 1970. */
  met(limit: 'hour' | 'burst', until: number): void;
}

/** What the headers of an answer say. Numbers of calls, and ms since 1970 by this machine's clock. */
export interface Told {
  limit?: number;
  left?: number;
  endsAt?: number;
  burstLimit?: number;
  burstLeft?: number;
}

/** What was last told of one API: `call` is the number of the call that was answered so. */
interface Known {
  hour: { call: number; left: number; limit: number | null; endsAt: number };
  burst: { call: number; left: number; limit: number | null; until: number };
}

export class RateLimits {
  private readonly burstCap: number;
  /** Calls ever begun, of all APIs: unless said otherwise they share the limits. */
  private begun = 0;
  /** When those of the last 30 s began. */
  private recent: number[] = [];
  private readonly known = new Map<DocusignApi, Known>();
  private readonly closing = new AbortController();

  constructor(
    environment: DocusignEnvironment,
    private readonly now: () => number = Date.now,
  ) {
    this.burstCap = BURST[environment];
  }

  /**
   * Takes room for a call, waiting for it at most `patienceMs`. Throws `DocusignError` (`rate-limited`), at once, when there will be none by
   * then.
   */
  async room(call: LimitedCall, patienceMs: number): Promise<Slot> {
    const until = this.now() + patienceMs;
    for (;;) {
      const now = this.now();
      const at = this.roomAt(call, now);
      if (at <= now) return this.begin(call.api, now);
      if (at > until) throw noRoom(isFeed(call), at - now);
      await pause(at - now, this.closing.signal);
    }
  }

  /** Ends the waiting: those who wait are told that there is no room. */
  close(): void {
    this.closing.abort();
  }

  /** When there is room; not later than `now` if there is already. */
  private roomAt(call: LimitedCall, now: number): number {
    const feed = isFeed(call);
    // What is told of the eSignature API is what deals live on.
    const apis = new Set(feed ? [call.api, 'esignature' as const] : [call.api]);
    const told = [...apis].map((api) => this.roomOf(api, feed, now));
    return Math.max(now, this.ownBurst(feed, now), ...told);
  }

  private roomOf(api: DocusignApi, feed: boolean, now: number): number {
    const { hour, burst } = this.of(api, now);
    const kept = (limit: number | null): number => (feed && limit !== null ? limit * KEPT_FOR_DEALS : 0);
    const left = hour.left - (this.begun - hour.call);
    const burstLeft = burst.left - (this.begun - burst.call);
    return Math.max(
      left > kept(hour.limit) ? now : hour.endsAt,
      burst.until <= now || burstLeft > kept(burst.limit) ? now : burst.until,
    );
  }

  private ownBurst(feed: boolean, now: number): number {
    this.recent = this.recent.filter((began) => began > now - BURST_MS);
    const most = feed ? this.burstCap * (1 - KEPT_FOR_DEALS) : this.burstCap;
    const tooMany = this.recent.length - Math.ceil(most) + 1;
    return tooMany <= 0 ? now : (this.recent[tooMany - 1] ?? now) + BURST_MS;
  }

  private begin(api: DocusignApi, now: number): Slot {
    this.begun += 1;
    this.recent.push(now);
    const call = this.begun;
    return {
      told: (headers) => this.learn(api, call, toldBy(headers, this.now())),
      met: (limit, until) => {
        const known = this.of(api, this.now());
        if (limit === 'hour') known.hour = { ...known.hour, call: this.begun, left: 0, endsAt: until };
        else known.burst = { ...known.burst, call: this.begun, left: 0, until };
      },
    };
  }

  private learn(api: DocusignApi, call: number, told: Told): void {
    const now = this.now();
    const known = this.of(api, now);
    const { hour, burst } = known;
    // Answers overtake each other: an older call's says too much. Its hour may be a newer one, though.
    const newer = told.endsAt !== undefined && told.endsAt > hour.endsAt + 1_000;
    if (told.left !== undefined && (call > hour.call || newer)) {
      known.hour = { call, left: told.left, limit: told.limit ?? hour.limit, endsAt: told.endsAt ?? hour.endsAt };
    }
    if (told.burstLeft !== undefined && (call > burst.call || burst.until <= now)) {
      known.burst = { call, left: told.burstLeft, limit: told.burstLimit ?? burst.limit, until: now + BURST_MS };
    }
  }

  private of(api: DocusignApi, now: number): Known {
    const known = this.known.get(api) ?? this.unknown(api, now);
    if (known.hour.endsAt <= now) {
      const limit = known.hour.limit ?? HOURLY;
      known.hour = { ...known.hour, call: this.begun, left: limit, endsAt: hourOf(now) };
    }
    this.known.set(api, known);
    return known;
  }

  /** Whether the other APIs have limits of their own is not documented: there a fifth is kept only of what an answer told. */
  private unknown(api: DocusignApi, now: number): Known {
    const own = api === 'esignature';
    return {
      hour: { call: this.begun, left: HOURLY, limit: own ? HOURLY : null, endsAt: hourOf(now) },
      burst: { call: this.begun, left: this.burstCap, limit: own ? this.burstCap : null, until: 0 },
    };
  }
}

/** When the hour that `now` is in ends: the limit is reset on the hour. */
export function hourOf(now: number): number {
  return (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
}

export function toldBy(headers: IncomingHttpHeaders, now: number): Told {
  const told: Told = {};
  const read = (name: string): number | undefined => {
    const text = headers[name];
    return typeof text === 'string' && /^\d{1,12}$/.test(text.trim()) ? Number(text) : undefined;
  };
  const limit = read('x-ratelimit-limit');
  if (limit !== undefined) told.limit = limit;
  const left = read('x-ratelimit-remaining');
  if (left !== undefined) told.left = left;
  const burstLimit = read('x-burstlimit-limit');
  if (burstLimit !== undefined) told.burstLimit = burstLimit;
  const burstLeft = read('x-burstlimit-remaining');
  if (burstLeft !== undefined) told.burstLeft = burstLeft;
  const reset = read('x-ratelimit-reset');
  if (reset !== undefined) {
    // By DocuSign's clock; how long it is from its now counts, as the two clocks may differ.
    const theirNow = Date.parse(headers.date ?? '');
    const wait = reset * 1000 - (Number.isNaN(theirNow) ? now : theirNow);
    told.endsAt = now + Math.min(Math.max(wait, 0), HOUR_MS);
  }
  return told;
}

/** The details of users are only read for the feed of users. */
function isFeed({ api, path }: LimitedCall): boolean {
  return api !== 'esignature' || /\/users\//i.test(path);
}

function noRoom(feed: boolean, waitMs: number): DocusignError {
  const why = feed ? 'the rest is kept for deals' : 'it is used up';
  return new DocusignError(
    'rate-limited',
    `DocuSign’s limit of calls leaves no room for this one (${why}); there is room again in ${Math.ceil(waitMs / 1000)} s`,
    { retryAfterMs: Math.ceil(waitMs) },
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => {
      clearTimeout(timer);
      reject(new DocusignError('unreachable', 'the account was closed while a call waited for room'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', closed);
      resolve();
    }, ms);
    if (signal.aborted) closed();
    else signal.addEventListener('abort', closed, { once: true });
  });
}
