/** What Countersign knows of a DocuSign account, read and checked from `DOCUSIGN_*` by `src/config/docusign.ts`. */

/** `customer-events` are those of DocuSign Monitor, `audit-users` the users of the Admin API with their eSignature detail. */
export const FEEDS = ['customer-events', 'audit-users'] as const;
export type Feed = (typeof FEEDS)[number];

export type DocusignEnvironment = 'developer' | 'production';

/** Where rows of the feeds go. `url` takes batches as an HTTP log collector does, `path` is an NDJSON file. */
export type SinkSettings =
  { kind: 'postgres' } | { kind: 'file'; path: string } | { kind: 'http'; url: string; token: string | null };

export interface DocusignSettings {
  environment: DocusignEnvironment;
  integrationKey: string;
  /** The user that the key acts for: a GUID. */
  userId: string;
  /** PEM, PKCS#1 or PKCS#8. */
  privateKey: string;
  /** One of those registered with the key; null where nobody is asked for consent from here. */
  redirectUrl: string | null;
  /** Of the account that signs; null where the user's default account counts. */
  accountId: string | null;
  organizationId: string | null;
  urls: {
    /** Without a slash at the end, like the others. */
    auth: string;
    monitor: string;
    admin: string;
    /** Null: what the login says of the account (`base_uri`). */
    esign: string | null;
  };
  /** Accepted for signatures of Connect, today's first; empty refuses every message. */
  connectKeys: readonly string[];
  feeds: readonly Feed[];
  /** Customer events a fetch, 1 to 2,000, and audit users a fetch, 1 to 1,250. */
  maxEvents: number;
  maxUsers: number;
  monitorApi: 'v2' | 'organization';
  /** How far back the first fetch of a feed looks, in ms; 7 days at most. */
  firstLookBackMs: number;
  sink: SinkSettings;
  trustAnyCertificate: boolean;
  /** Absolute folder for what belongs to this machine: token cache, call log, rows that could not be read. */
  folder: string;
}
