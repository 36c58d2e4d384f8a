/** Whether an integration key can be revoked at DocuSign: what stands in the way, each with what to do. Whatever cannot be told stands in the way. */
import type { Shares } from './shares.js';
import type { Cover } from './feed-life.js';

export interface RevokeFacts {
  /** Types that DocuSign has or had. `shares` is null for a type that DOCUMENT_TYPES no longer has. */
  types: { documentType: string; shares: Shares | null; clean: number }[];
  openByDocusign: number;
  /** Deals by DocuSign that were ended in Temporal, whose envelopes nobody looks after. */
  cutOff: number;
  events: EventFacts;
  feed: Cover;
  calls: { number: number; latest: string | null; unreadable: number };
  /** The key is the one Countersign itself logs in with. */
  own: boolean;
  /** It reads the audit feeds with it, too. */
  feeds: boolean;
}

/** Customer events at the sink within the days. */
export interface EventFacts {
  all: number;
  /** Those that tell an integration key at all: where none does, silence of one key means nothing. */
  withKey: number;
  byKey: number;
  latestByKey: string | null;
  /** What the key did, most often first. */
  what: { what: string; events: number }[];
}

export interface Hindrance {
  code:
    | 'shares-left'
    | 'open-deals'
    | 'too-few-envelopes'
    | 'key-in-use'
    | 'calls-in-log'
    | 'feed-unsure'
    | 'feed-empty'
    | 'keys-untold'
    | 'no-type';
  what: string;
  todo: string;
}

export interface RevokeVerdict {
  ok: boolean;
  hindrances: Hindrance[];
  /** Worth knowing, but in nobody's way. */
  notes: string[];
}

export interface Demands {
  key: string;
  envelopes: number;
  days: number;
}

export function verdictOf(facts: RevokeFacts, demands: Demands): RevokeVerdict {
  const hindrances = [...hindrancesOfDeals(facts, demands), ...hindrancesOfUse(facts, demands)];
  return { ok: hindrances.length === 0, hindrances, notes: notesOf(facts) };
}

function hindrancesOfDeals({ types, openByDocusign }: RevokeFacts, { envelopes }: Demands): Hindrance[] {
  const found: Hindrance[] = [];
  if (types.length === 0)
    found.push({
      code: 'no-type',
      what: 'no document type has, or had, deals by DocuSign: there is nothing to judge by',
      todo: 'Run it where DOCUMENT_TYPES and TEMPORAL_NAMESPACE are those of the gateway.',
    });
  for (const { documentType, shares } of types) {
    if (!shares || shares.docusign === 0) continue;
    found.push({
      code: 'shares-left',
      what: `${documentType} still goes by DocuSign with ${shares.docusign} %`,
      todo: `countersign migrate ramp ${documentType} 100`,
    });
  }
  if (openByDocusign > 0)
    found.push({
      code: 'open-deals',
      what: `${openByDocusign} ${openByDocusign === 1 ? 'deal by DocuSign is' : 'deals by DocuSign are'} open`,
      todo: `Wait until they end, or cancel them: countersign deals list --query "SigningProvider = 'docusign'" shows them.`,
    });
  for (const { documentType, clean } of types) {
    if (clean >= envelopes) continue;
    found.push({
      code: 'too-few-envelopes',
      what: `${documentType}: Atlas has brought ${clean} of ${envelopes} contracts to their end without standing still once`,
      todo: `Let more of them go by Atlas, or ask for fewer with --envelopes where ${documentType} is seldom needed.`,
    });
  }
  return found;
}

function hindrancesOfUse({ events, feed, calls }: RevokeFacts, { days, key }: Demands): Hindrance[] {
  const found: Hindrance[] = [];
  if (!feed.ok)
    found.push({
      code: 'feed-unsure',
      what: `cannot tell whether the key was used: ${feed.why ?? 'the feed of customer events is not known'}`,
      todo: `Have the feed read for ${days} days in a row (DOCUSIGN_FEEDS=customer-events, npm run setup, countersign doctor), in a namespace that keeps ended runs for as long; or ask for fewer days with --days.`,
    });
  if (feed.ok && events.all === 0)
    found.push({
      code: 'feed-empty',
      what: `cannot tell whether the key was used: there is not one customer event of the last ${days} days`,
      todo: 'Check that DOCUSIGN_SINK is the sink that the worker fills, and that the user of DOCUSIGN_USER_ID sees the whole organization.',
    });
  if (events.all > 0 && events.withKey === 0)
    found.push({
      code: 'keys-untold',
      what: 'cannot tell whether the key was used: none of the events names an integration key',
      todo: 'Look at DocuSign’s own page of the key for its last use.',
    });
  if (events.byKey > 0) {
    const most = events.what.slice(0, 3).map(({ what, events: times }) => `${what || 'unnamed'} (${times})`);
    found.push({
      code: 'key-in-use',
      what: `the key was used ${events.byKey} times, last on ${events.latestByKey ?? 'an unknown day'}: ${most.join(', ')}`,
      todo: `Find out by whom with countersign migrate inventory --key ${key}, and move that too.`,
    });
  }
  if (calls.number > 0)
    found.push({
      code: 'calls-in-log',
      what: `Countersign itself made ${calls.number} eSignature calls with the key, last on ${calls.latest ?? 'an unknown day'}`,
      todo: `Wait until the last one is ${days} days ago.`,
    });
  return found;
}

function notesOf({ cutOff, own, feeds, calls }: RevokeFacts): string[] {
  const notes: string[] = [];
  if (cutOff > 0)
    notes.push(
      `${cutOff} deals by DocuSign were ended in Temporal, not by themselves: look at DocuSign whether their envelopes are still out, and void them.`,
    );
  if (own && feeds)
    notes.push(
      'The audit feeds log in with this key and end with it, and their own log-ins may show as use of it: give them a key of their own (DOCUSIGN_INTEGRATION_KEY) first.',
    );
  if (own && !feeds)
    notes.push('It is the key of DOCUSIGN_INTEGRATION_KEY: take the DOCUSIGN_ settings out before it is revoked.');
  if (calls.unreadable > 0) notes.push(`${calls.unreadable} lines of the call log cannot be read.`);
  return notes;
}

export function tellVerdict({ ok, hindrances, notes }: RevokeVerdict, { key, days, envelopes }: Demands): string {
  const lines = ok
    ? [
        `Yes: the key ${key} can be revoked.`,
        `Every type has ${envelopes} clean contracts by Atlas, no deal goes by DocuSign, and nothing has used the key for ${days} days.`,
      ]
    : [
        `No: the key ${key} should not be revoked yet.`,
        ...hindrances.flatMap(({ what, todo }) => [`  - ${what}`, `      -> ${todo}`]),
      ];
  return `${[...lines, ...notes.map((note) => `Note: ${note}`)].join('\n')}\n`;
}
