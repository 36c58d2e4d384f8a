import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Read } from '../../deal/messages.js';
import { asObject, isObject } from './openapi.js';
import { parseJson } from './refusal.js';

/** What a webhook says, as far as a deal needs it. `externalId` and `clientReferenceId` are what the create put into `metadata`. */
export interface AtlasEvent {
  event: string;
  envelopeId: string;
  externalId?: string;
  clientReferenceId?: string;
}

/**
 * Whether `header` (`X-Atlas-Signature: sha256=<hex>`) is the HMAC-SHA256 of exactly these bytes under one of the keys (Atlas notes 11.3).
 * The `sha256=` is optional and letter case does not count (Atlas notes 26.11). Takes the same time whichever key fits; an empty key fits nothing.
 */
export function verifyAtlasSignature(
  rawBody: Uint8Array,
  header: string | undefined,
  keys: readonly string[],
): boolean {
  const hex = (header ?? '').trim().replace(/^sha256=/i, '');
  if (hex.length !== 64 || !/^[0-9a-f]+$/i.test(hex)) return false;
  const given = Buffer.from(hex, 'hex');
  let fits = 0;
  for (const key of keys) {
    const expected = createHmac('sha256', key).update(rawBody).digest();
    // Anybody can sign with an empty key.
    fits |= Number(timingSafeEqual(given, expected)) & Number(key.length > 0);
  }
  return fits === 1;
}

const id = z.union([z.string().trim().min(1).max(200), z.number().int().transform(String)]);
const label = z.string().min(1).max(500).optional().catch(undefined);
const metadataSchema = z.looseObject({ external_id: label, client_reference_id: label }).optional().catch(undefined);
const eventSchema = z.looseObject({
  event: z.string().trim().min(1).max(100),
  envelope_id: id,
  metadata: metadataSchema,
});

/**
 * Reads the body of a webhook whose signature has been checked. Only `event`, `envelope_id` and `metadata` are documented, nesting under `data`
 * is not excluded (Atlas notes 11.2). A problem names fields, never values.
 */
export function readAtlasEvent(rawBody: Uint8Array): Read<AtlasEvent> {
  const json = parseJson(new TextDecoder().decode(rawBody));
  if (!isObject(json)) return { problem: 'the body is not a JSON object' };
  const data = asObject(json['data']);
  const envelope = asObject(json['envelope'] ?? data['envelope']);
  const parsed = eventSchema.safeParse({
    event: json['event'] ?? data['event'],
    // A bare `id` at the top would be the event's own.
    envelope_id: json['envelope_id'] ?? data['envelope_id'] ?? envelope['envelope_id'] ?? envelope['id'] ?? data['id'],
    metadata: json['metadata'] ?? data['metadata'] ?? envelope['metadata'],
  });
  if (!parsed.success) {
    return { problem: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
  }
  const { event, envelope_id: envelopeId, metadata } = parsed.data;
  return {
    value: {
      event,
      envelopeId,
      ...(metadata?.external_id !== undefined && { externalId: metadata.external_id }),
      ...(metadata?.client_reference_id !== undefined && { clientReferenceId: metadata.client_reference_id }),
    },
  };
}
