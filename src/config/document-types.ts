/** The document types file: what the company decided for each kind of contract. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';
import { PROVIDERS, type FieldByAnchor, type Policy, type ProviderName } from '../deal/policy.js';
import { readDuration } from './duration.js';
import type { Setting } from './environment.js';
import { FINAL_STAGES, OPEN_STAGES } from '../deal/stages.js';

const STAGE_NAMES = [...OPEN_STAGES, ...FINAL_STAGES, 'failed'] as const;

const SHORTEST_MS = 1000;
const LONGEST_MS = 365.25 * 24 * 3_600_000;

/** Seconds are for trying things out. */
const duration = z.unknown().transform((written, context) => {
  const milliseconds = typeof written === 'string' ? readDuration(written) : undefined;
  if (milliseconds !== undefined && milliseconds >= SHORTEST_MS && milliseconds <= LONGEST_MS) return milliseconds;
  const message = 'must be a duration from 1 second to 1 year, with its unit';
  context.issues.push({ code: 'custom', message, input: written });
  return z.NEVER;
});

const template = z.strictObject(
  {
    id: z
      .string('must be the id of a template')
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be the id of a template, without spaces'),
    prefill: z
      .record(
        z.string(),
        z
          .string('must be the name of a property of the deal')
          .trim()
          .min(1, 'must be the name of a property of the deal'),
        'must be an object of the property of the deal for each prefill key of the template',
      )
      .default({}),
    trusted: z.boolean('must be true or false').default(false),
  },
  'must be an object with an id',
);

const reminders = z.strictObject(
  {
    first: duration,
    every: duration,
    max: z.int('must be a whole number from 1 to 50').min(1, 'must be from 1 to 50').max(50, 'must be from 1 to 50'),
  },
  'must be an object with first, every and max',
);

const A_PROVIDER = `must be ${PROVIDERS.map((name) => `"${name}"`).join(' or ')}`;
const percent = z.int('must be a whole percent').min(0, 'must be from 0 to 100').max(100, 'must be from 0 to 100');

/** One provider, or percents of two. */
const provider = z.preprocess(
  (written) =>
    typeof written === 'string'
      ? Object.fromEntries(PROVIDERS.map((name) => [name, name === written ? 100 : 0]))
      : written,
  z
    .strictObject({ atlas: percent.default(0), docusign: percent.default(0) }, `${A_PROVIDER}, or the share of each`)
    .refine(({ atlas, docusign }) => atlas + docusign === 100, `${A_PROVIDER}, or shares that make 100 together`),
);

const field = z.strictObject({
  kind: z.enum(
    ['signature', 'initials', 'date', 'name', 'text', 'checkbox'],
    'must be signature, initials, date, name, text or checkbox',
  ),
  role: z.string('must be the role of a party').trim().min(1, 'must be the role of a party').max(100),
  anchor: z.string('must be a text of the document').trim().min(1, 'must be a text of the document').max(200),
  xOffset: z.int('must be whole pixels').optional(),
  yOffset: z.int('must be whole pixels').optional(),
  label: z.string('must be text').trim().min(1, 'is empty').max(200).optional(),
  optional: z.boolean('must be true or false').optional(),
});

/** What DocuSign cannot find by itself. */
const docusign = z.strictObject(
  {
    subject: z.string('must be text').trim().min(1, 'is empty').max(100, 'must be at most 100 characters').optional(),
    template: template.optional(),
    fields: z.array(field, 'must be a list of fields').max(500, 'must be at most 500 fields').optional(),
  },
  'must be an object with subject, template or fields',
);

const documentType = z
  .strictObject({
    provider: provider.default({ atlas: 100, docusign: 0 }),
    docusign: docusign.default({}),
    shadow: z.literal('atlas', 'must be "atlas": drafts are free there').optional(),
    review: z
      .literal(
        'required',
        'must be "required": every document is reviewed; contracts from a template may be exempted by "trusted" in "template"',
      )
      .default('required'),
    upload: z.enum(['multipart', 'base64', 'link'], 'must be "multipart", "base64" or "link"').default('multipart'),
    template: template.optional(),
    reviewSla: duration.optional(),
    reminders: reminders.optional(),
    expireAfter: duration.optional(),
    crmStages: z
      .partialRecord(z.enum(STAGE_NAMES), z.string('must be the name of a stage in the CRM').trim().min(1, 'is empty'))
      .default({}),
  })
  .superRefine(({ reminders: nudges, expireAfter }, context) => {
    if (nudges === undefined || expireAfter === undefined || nudges.first < expireAfter) return;
    const message = 'must be longer than reminders.first: the envelope would be voided before its first reminder';
    context.addIssue({ code: 'custom', path: ['expireAfter'], message });
  });

type DocumentType = z.output<typeof documentType>;

/** What each of these keys can look like, for the line that says it is wrong. */
const EXAMPLES: Partial<Record<PropertyKey, string>> = {
  provider: '"provider": {"atlas": 20, "docusign": 80}',
  docusign: '"docusign": {"fields": [{"kind": "signature", "role": "Customer", "anchor": "/sign here/"}]}',
  shadow: '"shadow": "atlas"',
  template: '"template": {"id": "tmpl_1", "prefill": {"customer_name": "company"}, "trusted": false}',
  reviewSla: '"reviewSla": "1 day"',
  reminders: '"reminders": {"first": "3 days", "every": "3 days", "max": 3}',
  expireAfter: '"expireAfter": "30 days"',
};

const TYPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Reads the file at `path` to the policies by document type. `readBackFirstMs` is the same for all of them.
 * A problem names the type and the key.
 */
export function readDocumentTypes(path: string, readBackFirstMs: number): Setting<ReadonlyMap<string, Policy>> {
  const policies = new Map<string, Policy>();
  const near = relative('', path);
  const shown = near.startsWith('..') ? path : near;
  const problem = (what: string): string => `DOCUMENT_TYPES: ${shown}: ${what}`;

  let types: Record<string, unknown>;
  try {
    types = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    return { problems: [problem(`${unreadable(error)}; for example {"order-form": {"provider": "atlas"}}`)] };
  }
  const problems: string[] = [];
  for (const [name, written] of Object.entries(types)) {
    const read = documentType.safeParse(written);
    if (!TYPE_NAME.test(name)) {
      problems.push(problem(`"${name}" is no name of 1 to 64 letters, digits, dots, _ or -`));
    } else if (read.success) {
      policies.set(name, policyOf(read.data, readBackFirstMs));
    } else {
      problems.push(...read.error.issues.flatMap(tell).map((line) => problem(`${name}${line}`)));
    }
  }
  if (Object.keys(types).length === 0) problems.push(problem('names no document type'));
  return problems.length > 0 ? { problems } : { value: policies };
}

function policyOf(type: DocumentType, readBackFirstMs: number): Policy {
  const { provider: shares, upload, crmStages, reviewSla, expireAfter, docusign: own, shadow } = type;
  const common = {
    ...(reviewSla !== undefined && { reviewSlaMs: reviewSla }),
    ...(type.reminders && {
      reminders: { firstMs: type.reminders.first, everyMs: type.reminders.every, max: type.reminders.max },
    }),
    ...(expireAfter !== undefined && { expireAfterMs: expireAfter }),
    readBackFirstMs,
    crmStages,
  };
  const policies: Record<ProviderName, Policy> = {
    atlas: { provider: 'atlas', upload, ...(type.template && { template: type.template }), ...common },
    docusign: {
      provider: 'docusign',
      // It fetches no links.
      upload: upload === 'link' ? 'multipart' : upload,
      ...(own.template && { template: own.template }),
      ...(own.fields && { fields: own.fields.map(fieldOf) }),
      ...(own.subject !== undefined && { subject: own.subject }),
      ...(shadow && { shadow }),
      // A contract from a template of DocuSign's has its shadow made from the type's own.
      ...(shadow && type.template && { shadowTemplate: type.template }),
      ...common,
    },
  };
  if (shares.docusign === 0) return policies.atlas;
  if (shares.atlas === 0) return policies.docusign;
  return { ...policies.atlas, dual: { shares, policies } };
}

/** Without what was left out. */
function fieldOf({ kind, role, anchor, xOffset, yOffset, label, optional }: z.output<typeof field>): FieldByAnchor {
  return {
    ...{ kind, role, anchor },
    ...(xOffset !== undefined && { xOffset }),
    ...(yOffset !== undefined && { yOffset }),
    ...(label !== undefined && { label }),
    ...(optional !== undefined && { optional }),
  };
}

const KEYS_OF: Partial<Record<PropertyKey, readonly string[]>> = {
  template: Object.keys(template.shape),
  reminders: Object.keys(reminders.shape),
  provider: PROVIDERS,
  docusign: Object.keys(docusign.shape),
};

function tell(issue: z.core.$ZodIssue): string[] {
  const [key] = issue.path;
  const at = issue.path.map((part) => `.${String(part)}`).join('');
  const example = key === undefined ? undefined : EXAMPLES[key];
  const shown = example === undefined ? '' : `; for example ${example}`;
  if (issue.code === 'unrecognized_keys') {
    const known = key === undefined ? Object.keys(documentType.shape) : KEYS_OF[key];
    return issue.keys.map((unknown) =>
      known === undefined
        ? `${at}.${unknown} is no stage; stages are ${STAGE_NAMES.join(', ')}`
        : `${at}.${unknown} is not known; known are ${known.join(', ')}`,
    );
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0) return [' must be an object'];
  return [`${at} ${issue.message}${shown}`];
}

function unreadable(error: unknown): string {
  if (error instanceof z.ZodError) return 'must hold one object, by document type';
  if (error instanceof SyntaxError) return 'is no valid JSON';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
}
