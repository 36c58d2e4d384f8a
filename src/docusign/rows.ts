/** What the audit feeds hand on, and where to: the port to the sinks. */
import type { Feed } from './settings.js';

/** A record of DocuSign's, as it came, with what the dashboards of the Cortex pack go by. */
export interface FeedRow {
  /** ISO 8601, to the second, UTC: `2024-06-30T07:08:06Z`. */
  _time: string;
  source_log_type: 'customerevent' | 'auditusers';
  vendor: 'docusign';
  product: 'docusign';
  [field: string]: unknown;
}

export interface FeedEntry {
  /** The same record again has the same key, and only then. At most 200 printable characters. */
  key: string;
  row: FeedRow;
}

/** A record that is none, kept for people with what is wrong with it. */
export interface DeadLetter {
  feed: Feed;
  /** ISO 8601. */
  at: string;
  why: string;
  raw: unknown;
}

export interface Delivered {
  /** Rows that are new at the sink. */
  written: number;
  /** Rows that it had before. */
  repeated: number;
}

export interface FeedSink {
  /**
   * Answers once every entry is at the sink for good. May be called again with entries of an unclear outcome: those that are there already are
   * told by their key and not written again, as far as the sink can know (`docs/docusign-feeds.md`). Throws `SinkError`.
   */
  deliver(feed: Feed, entries: readonly FeedEntry[]): Promise<Delivered>;
  /** Whether rows can be delivered, with what stands in the way; for the doctor and the worker's start. Throws `SinkError`. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** `unavailable` passes by itself; `refused` needs a change first. The message says what to do. */
export class SinkError extends Error {
  override readonly name = 'SinkError';

  constructor(
    readonly kind: 'unavailable' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
