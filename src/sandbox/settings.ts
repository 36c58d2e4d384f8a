import { z } from 'zod';

const errorStyle = z.enum(['code_message', 'error_string', 'error_object', 'success_false', 'html', 'empty']);
export type ErrorStyle = z.infer<typeof errorStyle>;

const milliseconds = z.number().int().min(0);

/**
 * Everything that can be switched, at start (`SANDBOX_` and the name in capitals) and at run time (`POST /_sandbox/settings`).
 * Most are choices that Atlas leaves undocumented (Atlas notes 24 and 25), so that a client can be tried against each.
 */
export const settingsSchema = z.strictObject({
  /** How long detection takes, real milliseconds. */
  detection_ms: milliseconds.default(1500),
  /** How many times faster than real time the webhook retry delays pass. */
  clock_speed: z.number().positive().max(1_000_000).default(1),
  /** Shape of a refusal's body. */
  error_style: errorStyle.default('code_message'),
  /** Status of a successful create. */
  created_status: z.union([z.literal(200), z.literal(201)]).default(201),
  /** Key that carries the envelope's id in answers. */
  id_key: z.enum(['envelope_id', 'id']).default('envelope_id'),
  /** `GET .../pdf` answers with a redirect to the bucket, or with the bytes. */
  pdf_delivery: z.enum(['redirect', 'bytes']).default('redirect'),
  /** `envelope.signed` when all have signed, or for each signature. */
  signed_event: z.enum(['final', 'each']).default('final'),
  /** Adds an `event_id` to webhook payloads. */
  webhook_event_id: z.boolean().default(false),
  /** `strict`: 422 for a key that comes back with another body. `lenient`: replays all the same. */
  idempotency_mode: z.enum(['strict', 'lenient']).default('strict'),
  /** Stores 402, 403 and 409 under the idempotency key too, so that a retry with the same key meets the old refusal again. */
  store_refusals: z.boolean().default(true),
  /** How long an idempotency key is remembered, real milliseconds. */
  idempotency_window_ms: milliseconds.default(24 * 3600 * 1000),
  /** Leaves out what is null instead of sending null. */
  omit_nulls: z.boolean().default(false),
  /** What a template send without `auto_send` does; a careful client always says. */
  template_auto_send_default: z.boolean().default(true),
  /** Whether an envelope without signature fields may be sent. */
  send_without_fields: z.enum(['allow', 'refuse']).default('allow'),
  /** Whether `GET /api/envelope/{id}` repeats the review link of a draft. */
  review_url_in_get: z.boolean().default(true),
  /** Whether the `sign_url` of `/status` carries its `?t=`: a client must refuse one without (Atlas notes 7). */
  sign_url_token: z.boolean().default(true),
  /** How long after a reminder the next one to the same signer is a 429, real milliseconds; 0 never refuses (Atlas notes 10). */
  remind_cooldown_ms: milliseconds.default(0),
  /** How long a signed download link works, real milliseconds. */
  download_ttl_ms: milliseconds.default(5 * 60 * 1000),
  /** How long a webhook receiver has to answer, real milliseconds. */
  webhook_timeout_ms: milliseconds.default(10_000),
  /** Records webhooks as dropped and never sends them. */
  drop_webhooks: z.boolean().default(false),
  /** What `/openapi.json` tells: the API as it is, one that has moved on from it, or 404. */
  openapi: z.enum(['own', 'drifted', 'missing']).default('own'),
});

export type Settings = z.output<typeof settingsSchema>;
/** As written by a caller: what is left out takes its default. */
export type GivenSettings = z.input<typeof settingsSchema>;
