/** The document types file: what the company decided for each kind of contract. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';
import type { Policy } from '../deal/policy.js';
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

const documentType = z
  .strictObject({
    provider: z
      .literal('atlas', {
        error: ({ input }) =>
          typeof input === 'object' || input === 'docusign'
            ? 'other providers than "atlas", or a share of several, are not supported yet'
            : 'must be "atlas"',
      })
      .default('atlas'),
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
  const { provider, upload, crmStages, reviewSla, expireAfter } = type;
  return {
    provider,
    upload,
    ...(type.template && { template: type.template }),
    ...(reviewSla !== undefined && { reviewSlaMs: reviewSla }),
    ...(type.reminders && {
      reminders: { firstMs: type.reminders.first, everyMs: type.reminders.every, max: type.reminders.max },
    }),
    ...(expireAfter !== undefined && { expireAfterMs: expireAfter }),
    readBackFirstMs,
    crmStages,
  };
}

const KEYS_OF: Partial<Record<PropertyKey, readonly string[]>> = {
  template: Object.keys(template.shape),
  reminders: Object.keys(reminders.shape),
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
