/** Limits of an account, the watch over polling, and what a go-live review would count of an integration key. */
import { Refusal } from './refusal.js';
import type { Switches } from './settings.js';

const HOUR = 3_600_000;
const BURST = 30_000;

interface Window {
  since: number;
  calls: number;
}

export interface Violation {
  /** `GET /envelopes/{envelopeId}/…`: what comes after the account. */
  resource: string;
  at: string;
  /** Since the GET before. */
  afterMs: number;
}

interface GoLive {
  calls: number;
  failures: number;
  /** Successful calls without a failure or violation between them, up to now. */
  streak: number;
  violations: number;
}

export class Limits {
  readonly violations: Violation[] = [];
  private readonly hours = new Map<string, Window>();
  private readonly bursts = new Map<string, Window>();
  private readonly envelopes = new Map<string, Window>();
  private readonly lastGet = new Map<string, number>();
  private readonly keys = new Map<string, GoLive>();

  constructor(
    private readonly switches: Switches,
    private readonly now: () => number,
  ) {}

  /** Counts a call of an account; throws the refusal of a limit that it goes over. */
  count(accountId: string): void {
    const hour = this.window(this.hours, accountId, HOUR);
    const burst = this.window(this.bursts, accountId, BURST);
    hour.calls += 1;
    burst.calls += 1;
    if (hour.calls > this.switches.hourly_limit)
      throw this.limited(
        'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
        'The maximum number of hourly API invocations has been exceeded.',
      );
    if (burst.calls > this.switches.burst_limit)
      throw this.limited(
        'BURST_APIINVOCATION_LIMIT_EXCEEDED',
        'The maximum number of burst API invocations has been exceeded.',
      );
  }

  headers(accountId: string): Record<string, string> {
    const hour = this.window(this.hours, accountId, HOUR);
    const burst = this.window(this.bursts, accountId, BURST);
    const left = (limit: number, { calls }: Window): string => String(Math.max(0, limit - calls));
    return {
      'x-ratelimit-limit': String(this.switches.hourly_limit),
      'x-ratelimit-remaining': left(this.switches.hourly_limit, hour),
      'x-ratelimit-reset': String((hour.since + HOUR) / 1000),
      'x-burstlimit-limit': String(this.switches.burst_limit),
      'x-burstlimit-remaining': left(this.switches.burst_limit, burst),
    };
  }

  /** Counts a call of one envelope (`resource` is the path after the account); a GET too soon after the last one is a violation of `integrationKey`'s. */
  countEnvelope(method: string, envelopeId: string, resource: string, integrationKey: string): void {
    if (method !== 'GET' && method !== 'PUT') return;
    const calls = this.window(this.envelopes, `${method} ${envelopeId}`, HOUR);
    calls.calls += 1;
    if (method === 'GET') this.watch(resource, integrationKey);
    const most = method === 'GET' ? this.switches.envelope_gets_per_hour : this.switches.envelope_puts_per_hour;
    const code =
      method === 'GET' ? 'Hourly_Envelope_Polling_Limit_Exceeded' : 'Hourly_APIInvocation_Envelope_Limit_Exceeded';
    if (most !== null && calls.calls > most) throw this.limited(code, 'Too many calls for this envelope.');
  }

  /** An eSignature call and whether it went well, for the counter of `integrationKey`. */
  reviewed(integrationKey: string, ok: boolean): void {
    const counted = this.goLive(integrationKey);
    counted.calls += 1;
    counted.failures += ok ? 0 : 1;
    counted.streak = ok ? counted.streak + 1 : 0;
  }

  readiness(): Record<string, GoLive> {
    return Object.fromEntries(this.keys);
  }

  limited(code: string, message: string): Refusal {
    return new Refusal(this.switches.limit_status, code, message);
  }

  private watch(resource: string, integrationKey: string): void {
    const at = this.now();
    const last = this.lastGet.get(resource);
    this.lastGet.set(resource, at);
    if (last === undefined || at - last >= this.switches.polling_interval_ms) return;
    this.violations.push({ resource: `GET ${resource}`, at: new Date(at).toISOString(), afterMs: at - last });
    const counted = this.goLive(integrationKey);
    counted.violations += 1;
    // The call that violates is about to be counted as one that went well.
    counted.streak = -1;
  }

  private goLive(integrationKey: string): GoLive {
    const known = this.keys.get(integrationKey) ?? { calls: 0, failures: 0, streak: 0, violations: 0 };
    this.keys.set(integrationKey, known);
    return known;
  }

  /** The window that is open now: hours begin on the hour, bursts with a call. */
  private window(windows: Map<string, Window>, name: string, length: number): Window {
    const now = this.now();
    const known = windows.get(name);
    if (known && now >= known.since && now < known.since + length) return known;
    const fresh = { since: length === HOUR ? Math.floor(now / HOUR) * HOUR : now, calls: 0 };
    windows.set(name, fresh);
    return fresh;
  }
}
