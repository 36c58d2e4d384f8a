/** The audit feeds as Temporal runs them: what the workflows (`src/workflows/feeds.ts`), their activities and the set-up share. */

export const FEED_SYNCS = {
  'customer-events': { workflowType: 'docusignMonitorSync', scheduleId: 'countersign-feed-customer-events' },
  'audit-users': { workflowType: 'docusignUserSync', scheduleId: 'countersign-feed-audit-users' },
} as const;

export type ScheduledFeed = keyof typeof FEED_SYNCS;

/** How often a feed may ask. All in ms. */
export interface FeedPace {
  /** Between two runs of its schedule. */
  everyMs: number;
  /** At least this long between two requests, also across runs, and before a try that failed is repeated. */
  betweenMs: number;
  /** A try that failed again and again is repeated at least this often. */
  patienceMs: number;
  /** A worker that says nothing for so long is taken for dead. */
  silenceMs: number;
}

const MINUTE = 60_000;

/** Monitor takes one request a minute; an event may be five minutes old before it is told at all (DocuSign's Monitor guide). */
export const FEED_PACES: Readonly<Record<ScheduledFeed, FeedPace>> = {
  'customer-events': { everyMs: 5 * MINUTE, betweenMs: MINUTE, patienceMs: 15 * MINUTE, silenceMs: 10_000 },
  'audit-users': { everyMs: 15 * MINUTE, betweenMs: 10_000, patienceMs: 15 * MINUTE, silenceMs: 10_000 },
};

/** How far the feed of customer events has come. */
export interface EventsPlace {
  /** As DocuSign gave it, or a time where none was given yet. */
  cursor: string;
  /** A time from which on nothing is missed, for a cursor that DocuSign takes no more. */
  since: string;
  /** Whatever DocuSign told up to this time is at the sink. */
  upTo: string;
}

/** How far the feed of audit users has come. */
export interface UsersPlace {
  /** Who was changed before this time is at the sink. */
  upTo: string;
  /** The sweep under way, user by user in the order of their ids. */
  sweep: UsersSweep | null;
}

export interface UsersSweep {
  /** What the list is asked for: users changed since then. */
  since: string;
  /** By DocuSign's clock. */
  startedAt: string;
  /** Users up to this one are at the sink. */
  after: string;
  /** Whether every list of the sweep so far was whole: where one was not, the next sweep begins where this one did. */
  settled: boolean;
}

/** Rows of a fetch or a run by what became of them. */
export interface RowTally {
  written: number;
  repeated: number;
  /** Put to the dead letters. */
  dead: number;
}

export const noRows = (): RowTally => ({ written: 0, repeated: 0, dead: 0 });

export function addRows(tally: RowTally, more: RowTally): void {
  tally.written += more.written;
  tally.repeated += more.repeated;
  tally.dead += more.dead;
}

export interface FetchEvents {
  /** Null: the feed has never been read. */
  place: EventsPlace | null;
  /** Of the first try, ISO 8601: a feed that is read for the first time looks back from here, however late it succeeds. */
  startedAt: string;
  betweenMs: number;
}

export interface FetchedEvents {
  place: EventsPlace;
  rows: RowTally;
  /** More may be waiting. */
  behind: boolean;
}

export interface FetchUsers {
  place: UsersPlace | null;
  startedAt: string;
  /** Users that this run has fetched so far. */
  taken: number;
}

export interface FetchedUsers {
  place: UsersPlace;
  rows: RowTally;
  taken: number;
  /** The sweep goes on in this run. */
  more: boolean;
}
