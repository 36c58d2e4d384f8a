import { z } from 'zod';

const milliseconds = z.number().int().min(0);
const cap = z.number().int().min(0);

/**
 * Everything that can be switched, at start (`settings`) and at run time (`POST /_sandbox/docusign/settings`). Most are choices that DocuSign leaves
 * undocumented, so that a client can be tried against each.
 */
export const switchesSchema = z.strictObject({
  /** Life of an access token. */
  token_seconds: z.number().int().min(1).default(3600),
  /** Whether answers of the token endpoint and of userinfo tell `scope`. */
  token_scope: z.boolean().default(true),
  /** Whether a token needs `impersonation` among its scopes. */
  impersonation_required: z.boolean().default(true),
  /** How far ahead the clock of an assertion's `iat` may be; its bound is not documented. */
  clock_skew_seconds: z.number().int().min(0).default(60),
  /** Calls of an account an hour and in 30 seconds. */
  hourly_limit: cap.default(3000),
  burst_limit: cap.default(500),
  /** Status of limit errors: 429 since 2026, 400 before. */
  limit_status: z.union([z.literal(429), z.literal(400)]).default(429),
  /** GETs and PUTs of one envelope an hour; DocuSign keeps the numbers to itself. Null counts none. */
  envelope_gets_per_hour: cap.nullable().default(null),
  envelope_puts_per_hour: cap.nullable().default(null),
  /** Within it, a second GET of the same envelope resource is a violation: logged, not refused. */
  polling_interval_ms: milliseconds.default(15 * 60_000),
  /** What a second create with the same `transactionId` does. */
  same_transaction: z.enum(['duplicate', 'refuse', 'same']).default('duplicate'),
  /** When a new envelope is found by its `transactionId`, and for how long. */
  transaction_delay_ms: milliseconds.default(0),
  transaction_days: z.number().min(0).default(7),
  /** Whether a look-up tells of a `transactionId` that it does not know, or leaves it out. */
  unknown_transaction: z.enum(['omit', 'error']).default('omit'),
  /** When a new envelope is listed. */
  list_delay_ms: milliseconds.default(0),
  /** What `status=sent` does to an envelope that is sent. */
  sent_again: z.enum(['refuse', 'ignore']).default('refuse'),
  /** How a change of one envelope is refused: by status, or with 200 and `errorDetails` in the body, as changes of several are. */
  update_errors: z.enum(['status', 'details']).default('status'),
  /** Whether items that went well carry `errorDetails` of code `SUCCESS`. */
  success_details: z.boolean().default(false),
  /** When texts that tabs are anchored to are looked for. */
  anchors_checked: z.enum(['create', 'send']).default('create'),
  /** Default of `anchorMatchWholeWord`; the specification has had both. */
  anchor_whole_word_default: z.boolean().default(false),
  /** Default of `certificate` of a combined download. */
  certificate_default: z.boolean().default(false),
  /** Whether two downloads of the same PDF have the same bytes. */
  stable_pdf: z.boolean().default(false),
  /** How long an envelope shows `signed` before `completed`. */
  signed_ms: milliseconds.default(0),
  /** Life of the address of a sender's view. */
  view_seconds: z.number().int().min(1).default(300),
  /** `userSettings.modifiedDate` of a user's detail. */
  modified_date: z.enum(['us', 'iso', 'offset', 'garbage', 'missing']).default('us'),
  /** Keys of Connect's signatures: one header each. */
  connect_keys: z.array(z.string().min(1)).max(100).default([]),
  /** What follows a delivery that failed, where the configuration asks for acknowledgement. */
  connect_retry: z.enum(['none', 'daily', 'exponential']).default('daily'),
  /** How many times faster than real time the waits between tries pass. */
  connect_speed: z.number().positive().max(10_000_000).default(1),
  /** Whether a retry tells the time of the event or its own in `generatedDateTime`. */
  connect_generated: z.enum(['stable', 'fresh']).default('stable'),
  /** Whether messages of one envelope wait for those before them. */
  connect_in_order: z.boolean().default(true),
  /** How long a receiver has to answer. */
  connect_timeout_ms: milliseconds.default(100_000),
  /** Refuses an `eventNotification` whose address is not https, as DocuSign does. */
  connect_https_only: z.boolean().default(false),
});

export type Switches = z.output<typeof switchesSchema>;
