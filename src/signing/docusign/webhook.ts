/** Messages of DocuSign Connect in the JSON of its SIM format. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Read } from '../../deal/messages.js';
import { idsIn } from './custom-fields.js';
import { envelopeSchema } from './schemas.js';

/** What a message says, as far as a deal needs it. */
export interface ConnectEvent {
  /** The name that deals know it by, or DocuSign's own of an event that moves no deal. */
  event: string;
  /** Absent only in events that move no deal: some are of templates. */
  envelopeId?: string;
  externalId?: string;
  /** The same in a message that is sent again. */
  deliveryId: string;
}

/** A recipient who has completed may have made it another's turn. */
const MOVING: Readonly<Record<string, string>> = {
  'envelope-sent': 'envelope.sent',
  'envelope-completed': 'envelope.signed',
  'recipient-completed': 'envelope.signed',
  'envelope-declined': 'envelope.declined',
  'envelope-voided': 'envelope.voided',
};

/** Known events that move no deal (DocuSign's page on event triggers). */
export const STILL_EVENTS: readonly string[] = [
  ...['created', 'resent', 'delivered', 'corrected', 'purge', 'deleted', 'discard'].map((what) => `envelope-${what}`),
  ...[
    'sent',
    'resent',
    'delivered',
    'declined',
    'authenticationfailed',
    'autoresponded',
    'reassign',
    'finish-later',
  ].map((what) => `recipient-${what}`),
  'recipient-delegate',
];

const SIGNATURE_HEADER = /^x-docusign-signature-\d{1,3}$/;
const DIGEST_BYTES = 32;

/**
 * Whether any `X-DocuSign-Signature-n` is the HMAC-SHA256 of exactly these bytes under any of the keys: DocuSign signs with each of the account's
 * keys, so that they can be replaced one by one. An empty key fits nothing; which key fits makes no difference to the time it takes.
 */
export function verifyConnectSignature(
  rawBody: Uint8Array,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  keys: readonly string[],
): boolean {
  const given = Object.entries(headers)
    .filter(([name]) => SIGNATURE_HEADER.test(name))
    .flatMap(([, value]) => (Array.isArray(value) ? value : (value?.split(',') ?? [])))
    .flatMap(digestIn);
  let fits = 0;
  for (const key of keys) {
    // The key counts as it is written, although it looks like base64 (DocuSign's page on HMAC).
    const expected = createHmac('sha256', key).update(rawBody).digest();
    for (const digest of given) fits |= Number(timingSafeEqual(digest, expected)) & Number(key.length > 0);
  }
  return fits === 1;
}

function digestIn(text: string): Buffer[] {
  const base64 = text.trim();
  if (!/^[A-Za-z0-9+/]{43}=$/.test(base64)) return [];
  const digest = Buffer.from(base64, 'base64');
  return digest.length === DIGEST_BYTES ? [digest] : [];
}

const part = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const summarySchema = envelopeSchema.pick({ customFields: true }).nullish().catch(undefined);
const bodySchema = z.looseObject({
  event: z.string().trim().min(1).max(100),
  configurationId: part,
  generatedDateTime: part,
  retryCount: z.unknown().optional(),
  data: z.looseObject({
    envelopeId: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9-]{1,100}$/, 'is no id of an envelope')
      .transform((id) => id.toLowerCase())
      .optional(),
    recipientId: part,
    envelopeSummary: summarySchema,
  }),
});

/** Reads the body of a message whose signature has been checked. A problem names fields, never values. */
export function readConnectEvent(rawBody: Uint8Array): Read<ConnectEvent> {
  const parsed = bodySchema.safeParse(jsonIn(rawBody));
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, 3);
    return { problem: problems.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ') };
  }
  const { event, data, configurationId, generatedDateTime } = parsed.data;
  const { envelopeId, recipientId, envelopeSummary } = data;
  const moving = Object.hasOwn(MOVING, event) ? MOVING[event] : undefined;
  if (moving !== undefined && envelopeId === undefined) return { problem: 'data.envelopeId: is missing' };
  const { externalId } = idsIn(envelopeSummary?.customFields);
  // A message has no id of its own, and a retry tells a higher `retryCount`, so its bytes are others.
  const same =
    generatedDateTime === undefined
      ? [JSON.stringify({ ...parsed.data, retryCount: undefined })]
      : [configurationId, envelopeId, event, recipientId, generatedDateTime];
  return {
    value: {
      event: moving ?? event,
      deliveryId: createHash('sha256').update(JSON.stringify(same)).digest('hex').slice(0, 32),
      ...(envelopeId !== undefined && { envelopeId }),
      ...(externalId !== null && { externalId }),
    },
  };
}

function jsonIn(rawBody: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody));
  } catch {
    return undefined;
  }
}
