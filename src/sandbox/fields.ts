import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Envelope, Field, Party } from './model.js';
import { Refusal } from './refusal.js';

/** When nobody is named yet, detection finds the two lines of a usual contract. */
const USUAL_PARTIES = 2;
const COLUMNS = 2;

/** Where detection "finds" its fields: at the foot of the last page, two signers side by side, each with a signature, a title and a date. */
export function layOutFields(parties: Pick<Party, 'roleType'>[], lastPage: number): Field[] {
  const signers =
    parties.length === 0
      ? Array.from({ length: USUAL_PARTIES }, (_, index) => index)
      : parties.flatMap((party, index) => (party.roleType === 'cc' ? [] : [index]));
  const rows = Math.ceil(signers.length / COLUMNS);
  // More rows than fit between the foot and a third of the page move closer together.
  const rowHeight = Math.min(0.15, 0.62 / Math.max(1, rows));
  return signers.flatMap((partyIndex, position) => {
    const x = position % COLUMNS === 0 ? 0.1 : 0.55;
    const y = 0.95 - (rows - Math.floor(position / COLUMNS)) * rowHeight;
    const line = rowHeight / 5;
    const field = (type: Field['type'], label: string, dy: number, hPct: number, required: boolean): Field => ({
      id: `${type}_${partyIndex + 1}`,
      type,
      label,
      page: lastPage,
      xPct: x,
      yPct: round(y + dy),
      wPct: 0.35,
      hPct: round(hPct),
      confidence: 0.97,
      partyIndex,
      required,
      value: null,
    });
    return [
      field('signature', 'Signature', 0, line * 2, true),
      field('text', 'Title', line * 2.2, line * 0.9, false),
      field('date', 'Date', line * 3.3, line * 0.9, true),
    ];
  });
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

const fraction = z.number().min(0).max(1);

/** A field as a caller writes it in `PATCH .../fields`; the array replaces all fields (Atlas notes 2.6: undocumented, so the plain reading). */
const fieldSchema = z.object({
  id: z.string().min(1).max(100).optional(),
  type: z.enum(['signature', 'initials', 'date', 'text', 'checkbox']),
  label: z.string().max(200).nullish(),
  page: z.number().int().min(1),
  x_pct: fraction,
  y_pct: fraction,
  w_pct: fraction,
  h_pct: fraction,
  confidence: fraction.nullish(),
  party_index: z.number().int().min(0).nullish(),
  party_order: z.number().int().min(1).nullish(),
  required: z.boolean().optional(),
  value: z.string().max(1000).nullish(),
});

export const fieldsPatchSchema = z.object({
  fields: z.array(fieldSchema).max(500),
  fields_version: z.number().int(),
});

export type FieldsPatch = z.output<typeof fieldsPatchSchema>;

/** 400 when a field names a page or a party that does not exist. */
export function patchedFields(patch: FieldsPatch, envelope: Envelope): Field[] {
  return patch.fields.map((field, index) => {
    if (envelope.document.pages !== null && field.page > envelope.document.pages) {
      throw new Refusal(
        400,
        'invalid_fields',
        `fields.${index}.page: the document has ${envelope.document.pages} pages`,
      );
    }
    const byOrder = envelope.parties.findIndex((party) => party.order === field.party_order);
    const partyIndex = field.party_index ?? (byOrder < 0 ? null : byOrder);
    const known = Math.max(envelope.parties.length, envelope.parties.length === 0 ? USUAL_PARTIES : 0);
    if (partyIndex !== null && partyIndex >= known) {
      throw new Refusal(400, 'invalid_fields', `fields.${index}.party_index: there is no such party`);
    }
    return {
      id: field.id ?? `f_${randomUUID().slice(0, 8)}`,
      type: field.type,
      label: field.label ?? null,
      page: field.page,
      xPct: field.x_pct,
      yPct: field.y_pct,
      wPct: field.w_pct,
      hPct: field.h_pct,
      confidence: field.confidence ?? null,
      partyIndex,
      required: field.required ?? true,
      value: field.value ?? null,
    };
  });
}
