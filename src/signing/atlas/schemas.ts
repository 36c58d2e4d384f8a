/**
 * Atlas's answers as far as they are known. Where Atlas documents nothing, several spellings are read (Atlas notes 24); what is not
 * understood is passed over, and only what the caller cannot do without is required.
 */
import { z } from 'zod';
import type { PartyStatus } from '../../deal/party.js';
import type { FieldsStatus } from '../../deal/snapshot.js';
import type { EnvelopeStatus } from '../provider.js';
import { parseJson } from './refusal.js';

const ENVELOPE_STATUSES = {
  draft: 'draft',
  pending: 'pending',
  signed: 'signed',
  declined: 'declined',
  voided: 'voided',
} as const satisfies Partial<Record<string, EnvelopeStatus>>;

const FIELDS_STATUSES = {
  pending: 'pending',
  ready: 'ready',
  failed: 'failed',
  recovered_empty: 'recovered_empty',
} as const satisfies Partial<Record<string, FieldsStatus>>;

const PARTY_STATUSES = {
  waiting: 'waiting',
  pending: 'pending',
  signed: 'signed',
  declined: 'declined',
} as const satisfies Partial<Record<string, PartyStatus>>;

/** A word of a growing vocabulary: one never seen reads as `unknown` (Atlas notes 24, item 5). */
function vocabulary<T extends string>(words: Readonly<Record<string, T>>): z.ZodType<T | 'unknown'> {
  const known = new Map(Object.entries(words));
  return z.string().transform((word) => known.get(word.trim().toLowerCase()) ?? 'unknown');
}

/** Ids are opaque (Atlas notes 2.2). */
const opaqueId = z.union([z.string().min(1).max(200), z.number().int().transform(String)]);
const integer = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);
const instant = z.union([z.string(), z.number()]).nullish();
const words = z.string().nullish().catch(undefined);
/** A link that people will click: anything but a web address is dropped. */
const webLink = z
  .url({ protocol: /^https?$/ })
  .nullish()
  .catch(undefined);

const object = z.looseObject({});

/** Lifts what is nested under `envelope` or `data` to the top; the inner words count where both have one. */
export function flatten(body: unknown): unknown {
  const outer = object.safeParse(body);
  if (!outer.success) return body;
  const inner = [outer.data.data, outer.data.envelope].map((part) => object.safeParse(part));
  const found = inner.find((part) => part.success);
  return found?.success ? { ...outer.data, ...asFields(flatten(found.data)) } : body;
}

function asFields(value: unknown): Record<string, unknown> {
  const fields = object.safeParse(value);
  return fields.success ? fields.data : {};
}

/** `envelope_id`, or `id` where that is missing (Atlas notes 24, item 4). */
function nameId(body: unknown): unknown {
  const fields = object.safeParse(flatten(body));
  if (!fields.success) return body;
  const { envelope_id: named, id } = fields.data;
  return { ...fields.data, envelope_id: named ?? id };
}

const metadata = z
  .preprocess(
    // Some stores hand metadata back as the text it was sent as.
    (value) => (typeof value === 'string' ? parseJson(value) : value),
    z
      .looseObject({ external_id: words, client_reference_id: words, detection_error: z.unknown().optional() })
      .nullish(),
  )
  .catch(undefined);

const partySchema = z.looseObject({
  email: words,
  role: words,
  role_type: words,
  order: integer.nullish().catch(undefined),
  status: vocabulary<PartyStatus>(PARTY_STATUSES).nullish().catch(undefined),
  decline_reason: words,
});

/** A field that detection found or a person placed (Atlas notes 2.3). */
const fieldSchema = z.looseObject({
  type: words,
  page: integer.nullish().catch(undefined),
  party_order: integer.nullish().catch(undefined),
});

/** `GET /api/envelope/{id}` and rows of the list (Atlas notes 2.3). */
export const envelopeSchema = z.preprocess(
  nameId,
  z.looseObject({
    envelope_id: opaqueId.nullish(),
    status: vocabulary<EnvelopeStatus>(ENVELOPE_STATUSES).nullish(),
    fields_status: vocabulary<FieldsStatus>(FIELDS_STATUSES).nullish(),
    fields_version: integer.nullish(),
    parties: z.array(partySchema).nullish().catch(undefined),
    fields: z.array(fieldSchema).nullish().catch(undefined),
    signed_count: integer.nullish(),
    review_url: webLink,
    signed_download_url: words,
    signed_pdf_url: words,
    download_url: words,
    metadata,
    external_id: words,
    created_at: instant,
    sent_at: instant,
    signed_at: instant,
    completed_at: instant,
    declined_at: instant,
    voided_at: instant,
    reason: words,
    decline_reason: words,
    void_reason: words,
  }),
);
export type AtlasEnvelope = z.output<typeof envelopeSchema>;

/** `GET /api/envelope/{id}/status` (Atlas notes 2.4). */
export const statusSchema = z.preprocess(
  flatten,
  z.looseObject({
    status: vocabulary<EnvelopeStatus>(ENVELOPE_STATUSES),
    signed_count: integer.nullish(),
    total: integer.nullish(),
    sign_url: words,
  }),
);
export type AtlasStatus = z.output<typeof statusSchema>;

/** What a create and a template send answer (Atlas notes 2.2 and 8). */
export const createdSchema = z.preprocess(nameId, z.looseObject({ envelope_id: opaqueId, review_url: webLink }));

/** What send, patch, void and remind answer is not documented (Atlas notes 24, item 2): any 2xx that does not say `success: false` means done, until a read-back knows better. */
export const changedSchema = z
  .preprocess(flatten, z.looseObject({ fields_version: integer.nullish().catch(undefined) }))
  .catch({});

const cursor = z
  .union([z.string().min(1), z.number().transform(String)])
  .nullish()
  .catch(undefined);
const page = z.looseObject({
  next_cursor: cursor,
  nextCursor: cursor,
  next: cursor,
  page: integer.nullish().catch(undefined),
  total_pages: integer.nullish().catch(undefined),
  has_more: z.boolean().nullish().catch(undefined),
});
const rows = z.array(envelopeSchema);

/** `GET /api/envelopes`; where the rows and the way to the next page sit is not documented (Atlas notes 13). */
export const listSchema = z
  .preprocess((body) => {
    if (Array.isArray(body)) return { rows: body };
    const outer = asFields(body);
    const inner = { ...outer, ...(Array.isArray(outer.data) ? {} : asFields(outer.data)) };
    const found = [inner.envelopes, inner.items, inner.results, outer.data].find((list) => Array.isArray(list));
    return { ...inner, ...asFields(inner.pagination), ...asFields(inner.meta), rows: found };
  }, page.extend({ rows }))
  .transform((answer) => {
    const next = answer.next_cursor ?? answer.nextCursor ?? answer.next ?? null;
    const page = answer.page ?? null;
    /** Whether the answer says that there is more, also where it does not say how to get it. */
    const more = answer.has_more ?? (next !== null || (page ?? 1) < (answer.total_pages ?? 1));
    return { rows: answer.rows, next, page, more };
  });
export type AtlasList = z.output<typeof listSchema>;

const roleName = z.union([
  z.string(),
  z
    .looseObject({ role: words, role_name: words, name: words })
    .transform((role) => role.role ?? role.role_name ?? role.name ?? ''),
]);
/** Told as text or as a number; only whether it changes counts. */
const mark = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(undefined);
const keyNames = z.union([
  z.array(
    z.union([
      z.string(),
      z.looseObject({ key: words, name: words }).transform((entry) => entry.key ?? entry.name ?? ''),
    ]),
  ),
  z.record(z.string(), z.unknown()).transform((keys) => Object.keys(keys)),
]);

/** `GET /api/templates/{id}` (Atlas notes 8): roles and prefill keys, in any of the spellings that were seen. */
export const templateSchema = z.preprocess(
  (body) => {
    const outer = asFields(body);
    const fields = { ...outer, ...asFields(outer.data), ...asFields(outer.template) };
    return {
      ...fields,
      roles: fields.roles ?? fields.parties_for_send ?? fields.parties,
      prefill_keys: fields.prefill_keys ?? fields.prefill ?? [],
    };
  },
  z.looseObject({
    id: opaqueId.nullish(),
    name: words,
    roles: z.array(roleName),
    prefill_keys: keyNames,
    ready: z.boolean().nullish().catch(undefined),
    version: mark,
    updated_at: mark,
  }),
);
