import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Party } from './model.js';
import { Refusal } from './refusal.js';

const text = z.string().max(200);

/** A party as a caller writes it (Atlas notes 6): only the e-mail is required, the order defaults to the position. `status` is read-only and ignored. */
const partySchema = z.object({
  email: z.email(),
  name: text.optional(),
  role: text.optional(),
  role_name: text.optional(),
  role_type: text.optional(),
  order: z.number().int().min(1).optional(),
  company: text.optional(),
});

/** Somebody who is to sign in another's place. */
export const standInSchema = z.strictObject({ email: z.email(), name: text.optional() });

const partiesSchema = z.array(partySchema).min(1).max(50);

/** Reads `parties`; 400 with the path of what is malformed. */
export function parseParties(value: unknown): Party[] {
  const parsed = partiesSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = ['parties', ...(issue?.path ?? [])].join('.');
    throw new Refusal(400, 'invalid_parties', `${path}: ${issue?.message ?? 'malformed'}`);
  }
  return parsed.data.map((party, index) => ({
    email: party.email,
    name: party.name ?? null,
    role: party.role ?? party.role_name ?? null,
    roleType: party.role_type ?? null,
    order: party.order ?? index + 1,
    company: party.company ?? null,
    status: party.role_type === 'cc' ? null : 'waiting',
    token: newToken(),
    viewedAt: null,
    signedAt: null,
    signature: null,
    ip: null,
  }));
}

/** The `?t=` of a sign link, or the `?rt=` of a review link. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}
