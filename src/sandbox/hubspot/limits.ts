/** Rate limits of an app with a token of its own (HubSpot docs, API usage guidelines). */
import { Refusal } from './refusal.js';

export interface Limits {
  perTenSeconds: number;
  daily: number;
  /** Of the search, which has a limit of its own and shows no headers. */
  searchPerSecond: number;
}

export const DOCUMENTED: Limits = { perTenSeconds: 190, daily: 650_000, searchPerSecond: 5 };

export class RateLimiter {
  private window = { since: 0, calls: 0 };
  private second = { since: 0, calls: 0 };
  private today = 0;

  constructor(public limits: Limits) {}

  /** Counts a call and answers the headers that tell what is left; throws `Refusal` 429. */
  count(isSearch: boolean, now = Date.now()): Record<string, string> {
    const { perTenSeconds, daily, searchPerSecond } = this.limits;
    if (isSearch) {
      if (now - this.second.since >= 1_000) this.second = { since: now, calls: 0 };
      this.second.calls += 1;
      if (this.second.calls > searchPerSecond) throw limited('You have reached your secondly limit.', 'SECONDLY');
    }
    if (now - this.window.since >= 10_000) this.window = { since: now, calls: 0 };
    this.window.calls += 1;
    this.today += 1;
    const headers = {
      'X-HubSpot-RateLimit-Daily': String(daily),
      'X-HubSpot-RateLimit-Daily-Remaining': String(Math.max(0, daily - this.today)),
      'X-HubSpot-RateLimit-Interval-Milliseconds': '10000',
      'X-HubSpot-RateLimit-Max': String(perTenSeconds),
      'X-HubSpot-RateLimit-Remaining': String(Math.max(0, perTenSeconds - this.window.calls)),
    };
    if (this.today > daily) throw limited('You have reached your daily limit.', 'DAILY', headers);
    if (this.window.calls > perTenSeconds)
      throw limited('You have reached your ten_secondly_rolling limit.', 'TEN_SECONDLY_ROLLING', headers);
    return isSearch ? {} : headers;
  }
}

function limited(message: string, policyName: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(429, 'RATE_LIMITS', message, { errorType: 'RATE_LIMIT', policyName }, headers);
}
