/**
 * What callers may send, as zod schemas: they check shape and spelling and make the OpenAPI document. What a message means is
 * judged by the domain's own readers afterwards.
 */
import { z } from 'zod';
import { isDealId } from '../deal/ids.js';
import { PROVIDERS } from '../deal/policy.js';
import { isTenant } from '../deal/tenant.js';
import { invalidBody, type FieldProblem } from './problem.js';

const line = z.string().trim().min(1, 'must not be empty');

const party = z.strictObject({
  email: z.email('must be an e-mail address').max(254),
  name: line.max(200).optional(),
  role: line.max(100).optional().meta({ description: 'Matches the party to the fields of the document' }),
  order: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'Signers sign strictly in turn; by default as listed' }),
  role_type: z.enum(['signer', 'cc']).optional(),
});

const parties = z.array(party).min(1, 'must hold at least one signer').max(100);

const document = z.strictObject({
  uri: z
    .string()
    .max(2048)
    .regex(/^(file|https?|s3):./i, 'must begin with file:, https: or s3:'),
});

/** What a CRM's property may hold; the template takes texts. */
const property = z
  .union(
    [z.string().max(2000, 'must be at most 2,000 characters'), z.number(), z.boolean()],
    'must be text, a number, true or false',
  )
  .transform(String);

const prefill = z
  .record(z.string().min(1).max(100), property, entriesError('properties', 100))
  .refine((properties) => Object.keys(properties).length <= 100, 'must hold at most 100 properties')
  .meta({
    maxProperties: 100,
    description: 'The properties of the deal that fill its template, by their names in the CRM; others do no harm',
  });

/** Where we find the envelope again, and where Atlas tells of its own work (Atlas notes 2.3). */
const RESERVED = ['external_id', 'client_reference_id', 'detection_error', 'qes'];

const metadata = z
  .record(
    z.string().min(1).max(40),
    z.string('must be text').max(500, 'must be at most 500 characters'),
    entriesError('texts', 40),
  )
  .superRefine((texts, context) => {
    const names = Object.keys(texts);
    if (names.length > 50) context.addIssue({ code: 'custom', message: 'must hold at most 50 texts' });
    for (const name of names.filter((name) => RESERVED.includes(name))) {
      context.addIssue({ code: 'custom', path: [name], message: 'is a reserved name; use another one' });
    }
  })
  .meta({
    maxProperties: 50,
    description: 'Travels with the envelope and comes back with its events; nothing personal',
  });

function entriesError(what: string, longest: number) {
  return {
    error: ({ code }: { code: string }) =>
      code === 'invalid_key'
        ? `must have a name of 1 to ${longest} characters`
        : `must be an object of ${what} by name`,
  };
}

const dealId = z
  .string()
  .refine(isDealId, 'must be 1 to 120 letters, digits or . _ : - , and begin and end with a letter or digit')
  .meta({ description: 'The record id of the deal in the CRM; shows in logs and URLs, so nothing personal' });

/** Whose deal it is: as `isTenant` says. */
export const tenant = z
  .string()
  .refine(
    isTenant,
    'must be the id of a connected account: 1 to 64 letters, digits or . _ - , without the ext_ that Atlas-Account begins with',
  )
  .meta({
    description: 'The connected account at Atlas that the contract is made under, without ext_; nothing personal',
  });

export const startBody = z.strictObject({
  dealId,
  round: z.int().min(1).max(100).default(1).meta({ description: 'Names the next round of a deal that has ended' }),
  documentType: z.string(),
  document: document.optional().meta({ description: 'Left out when the document type names a template' }),
  envelopeId: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,200}$/, 'must be the id of an envelope at the provider')
    .optional()
    .meta({
      description:
        'An envelope that is there already, instead of a document: the deal takes it over at the stage it is in',
    }),
  provider: z
    .enum(PROVIDERS, `must be ${PROVIDERS.join(' or ')}`)
    .optional()
    .meta({ description: 'With envelopeId only: whose envelope it is, where deals of the type go by two' }),
  parties: parties
    .optional()
    .meta({ description: 'May be left out with envelopeId: then those of the envelope count' }),
  tenant: tenant.optional(),
  prefill: prefill.optional(),
  metadata: metadata.optional(),
});
export type StartBody = z.output<typeof startBody>;

const by = line.max(200).optional().meta({ description: 'Ignored when the token has a name: then that counts' });

export const MESSAGE_BODIES = {
  review: z.strictObject({
    decision: z.enum(['approve', 'reject']),
    reviewer: by,
    fieldsVersion: z.int().nullish().meta({ description: 'The fields_version that was looked at' }),
    note: line.optional(),
  }),
  cancel: z.strictObject({ reason: line, by }),
  amend: z.strictObject({ parties: parties.optional(), document: document.optional(), reason: line, by }),
  resume: z.strictObject({ note: line.optional(), by }),
  remind: z.strictObject({ by }),
};

/** Fields that somebody may well send: they must learn why nothing comes of it. */
const NOT_HERE: Partial<Record<string, string>> = {
  template: 'is chosen by the document type; leave it out',
};

/** The body in its type. Throws the 422 that names every field that is wrong. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  // What was sent is told apart from what was left out; it goes no further.
  const parsed = schema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidBody(parsed.error.issues.flatMap(problemsOf));
}

function problemsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: pathOf([...issue.path, key]),
      message: (issue.path.length === 0 && NOT_HERE[key]) || 'is not known',
    }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ path: pathOf(issue.path), message: missing ? 'is missing' : issue.message }];
}

/** `parties[0].email` */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
