/**
 * Whether an integration key can be shown to DocuSign's go-live review, judged by the calls that were made with it: there is no API that
 * tells the review's own counts.
 */
import type { CallEntry } from './call-log.js';
import { POLLING_MS } from './polling.js';

/** The latest calls that must have gone well (DocuSign's posts on failed reviews). */
export const CALLS_WANTED = 20;

export interface KeyReadiness {
  /** Fingerprint of the integration key. */
  key: string;
  ready: boolean;
  wanted: number;
  /** eSignature calls since the last one that did not go well, or that was polling. */
  streak: number;
  /** eSignature calls in the log, and the time of the latest; ISO 8601. */
  calls: number;
  latest: string | null;
  /** What ended the streak before this one; null when nothing did. */
  broken: { at: string; route: string; why: string } | null;
  /** Readings of an envelope's resource that came too soon after the one before. */
  polling: number;
  /** Calls that the review does not count. */
  apart: Record<Exclude<CallEntry['api'], 'esignature'>, number>;
}

/**
 * One entry a key that was used in the developer environment, in the order of their first calls. What the review takes for a success is not
 * documented; here only 2xx is, and a call without an answer is a failure. `entries` in the order of their times.
 */
export function readinessOf(entries: readonly CallEntry[], pollingMs: number = POLLING_MS): KeyReadiness[] {
  const byKey = new Map<string, { readiness: KeyReadiness; read: Map<string, number> }>();
  for (const call of entries) {
    if (call.environment !== 'developer') continue;
    const known = byKey.get(call.key) ?? { readiness: nothingYet(call.key), read: new Map<string, number>() };
    byKey.set(call.key, known);
    if (call.api === 'esignature') count(known.readiness, known.read, call, pollingMs);
    else known.readiness.apart[call.api] += 1;
  }
  return [...byKey.values()].map(({ readiness }) => ({ ...readiness, ready: readiness.streak >= CALLS_WANTED }));
}

export function nothingYet(key: string): KeyReadiness {
  return {
    key,
    ready: false,
    wanted: CALLS_WANTED,
    streak: 0,
    calls: 0,
    latest: null,
    broken: null,
    polling: 0,
    apart: { oauth: 0, userinfo: 0, monitor: 0, admin: 0 },
  };
}

function count(readiness: KeyReadiness, read: Map<string, number>, call: CallEntry, pollingMs: number): void {
  const { at, route, resource, status, code } = call;
  readiness.calls += 1;
  readiness.latest = at;
  const time = Date.parse(at);
  const before = resource === null ? undefined : read.get(resource);
  const polled = call.method === 'GET' && before !== undefined && time - before < pollingMs;
  const fine = status !== null && status >= 200 && status <= 299;
  // A refused reading gave nothing away, so its repeat is none.
  if (call.method === 'GET' && resource !== null && (fine || status === null)) read.set(resource, time);
  if (polled) readiness.polling += 1;
  if (fine && !polled) {
    readiness.streak += 1;
    return;
  }
  readiness.streak = 0;
  const answered = status === null ? 'no whole answer' : `answered ${status}${code === null ? '' : ` (${code})`}`;
  readiness.broken = { at, route, why: fine ? 'read again too soon (polling)' : answered };
}

/** What DocuSign does not copy when a key goes live, and what the production account needs besides (its go-live pages). */
export const NOT_COPIED: readonly string[] = [
  'redirect URIs: enter them again at the key in production (DOCUSIGN_REDIRECT_URL)',
  'RSA key pairs: make a new one in production (DOCUSIGN_PRIVATE_KEY)',
  'secret keys: make new ones in production',
  'Connect configurations and their HMAC keys: make them again in production (DOCUSIGN_CONNECT_KEYS)',
  'account settings, templates and users: set them up again; DOCUSIGN_ACCOUNT_ID and DOCUSIGN_USER_ID are others there',
  'consent: give it again in production (countersign docusign consent-url, with DOCUSIGN_ENV=production)',
  'the paid account: it must have the eSignature API in its plan, and DocuSign Monitor for the feed customer-events',
  'the organization: DOCUSIGN_ORGANIZATION_ID is another there, with access to the Admin API for the feed audit-users',
];
