/** The document types file: what the company decided for each kind of contract. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';
import type { Policy } from '../deal/policy.js';
import type { Setting } from './environment.js';
import { FINAL_STAGES, OPEN_STAGES } from '../deal/stages.js';

/** Fields of later versions: a deal that silently went without its reminders would be worse than a stop. */
const NOT_YET = new Set(['template', 'reviewSla', 'reminders', 'expireAfter']);

const STAGE_NAMES = [...OPEN_STAGES, ...FINAL_STAGES, 'failed'] as const;

const documentType = z.strictObject({
  provider: z
    .literal('atlas', {
      error: ({ input }) =>
        typeof input === 'object' || input === 'docusign'
          ? 'other providers than "atlas", or a share of several, are not supported yet'
          : 'must be "atlas"',
    })
    .default('atlas'),
  review: z
    .literal('required', 'must be "required": contracts that go out without a review are not supported yet')
    .default('required'),
  upload: z.enum(['multipart', 'base64', 'link'], 'must be "multipart", "base64" or "link"').default('multipart'),
  crmStages: z
    .partialRecord(z.enum(STAGE_NAMES), z.string('must be the name of a stage in the CRM').trim().min(1, 'is empty'))
    .default({}),
});

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
      const { provider, upload, crmStages } = read.data;
      policies.set(name, { provider, upload, crmStages, readBackFirstMs });
    } else {
      problems.push(...read.error.issues.flatMap(tell).map((line) => problem(`${name}${line}`)));
    }
  }
  if (Object.keys(types).length === 0) problems.push(problem('names no document type'));
  return problems.length > 0 ? { problems } : { value: policies };
}

function tell(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map((part) => `.${String(part)}`).join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      if (issue.path.length > 0) return `${at}.${key} is no stage; stages are ${STAGE_NAMES.join(', ')}`;
      return NOT_YET.has(key)
        ? `.${key} is not supported yet; leave it out`
        : `.${key} is not known; known are ${Object.keys(documentType.shape).join(', ')}`;
    });
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0) return [' must be an object'];
  return [`${at} ${issue.message}`];
}

function unreadable(error: unknown): string {
  if (error instanceof z.ZodError) return 'must hold one object, by document type';
  if (error instanceof SyntaxError) return 'is no valid JSON';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
}
