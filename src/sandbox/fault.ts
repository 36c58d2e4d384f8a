import { z } from 'zod';
import { Refusal } from './refusal.js';
import { WEBHOOK_EVENTS } from './model.js';

export const FAULT_KINDS = [
  'latency',
  'error',
  'rate-limit',
  'html',
  'drop-before',
  'drop-after',
  'error-after',
  'truncated-pdf',
  'empty-pdf',
  'expired-link',
  'webhook-drop',
  'webhook-duplicate',
  'webhook-delay',
  'webhook-reorder',
  'webhook-old-key',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a fault strikes: a call of the API, the bytes of a signed PDF, a download link, or the delivery of a webhook. */
export type Target = 'call' | 'pdf' | 'link' | 'webhook';

interface Parameters {
  /** Milliseconds. */
  ms?: number;
  status?: number;
  /** Seconds in `Retry-After`; null sends none. */
  retry_after?: number | null;
  content_length?: 'cut' | 'full';
}

/**
 * Every way to go wrong, with the parameters it takes and what they are when left out.
 *
 * A call: `latency` waits, then goes on as usual; `error`, `rate-limit`, `html` and `drop-before` answer or hang up with nothing done; `error-after`
 * and `drop-after` do so when all is done, journalled and stored under the idempotency key.
 * A signed PDF: `truncated-pdf` is its first half, with the length of that half so that it looks complete (`cut`), or with the length of the whole and
 * a connection that ends early (`full`); `empty-pdf` has no bytes; `expired-link` refuses the download whatever the link says.
 * A webhook: never sent, posted twice at the same time, held back for `ms`, held back until a later one of the same envelope has gone out (`ms` at
 * most), or signed, at every attempt, with another key of the organisation.
 */
export const FAULTS: Readonly<Record<FaultKind, { strikes: Target; takes: Parameters }>> = {
  latency: { strikes: 'call', takes: { ms: 1000 } },
  error: { strikes: 'call', takes: { status: 503, retry_after: null } },
  'rate-limit': { strikes: 'call', takes: { retry_after: 1 } },
  html: { strikes: 'call', takes: { status: 502 } },
  'drop-before': { strikes: 'call', takes: {} },
  'drop-after': { strikes: 'call', takes: {} },
  'error-after': { strikes: 'call', takes: { status: 500 } },
  'truncated-pdf': { strikes: 'pdf', takes: { content_length: 'cut' } },
  'empty-pdf': { strikes: 'pdf', takes: {} },
  'expired-link': { strikes: 'link', takes: {} },
  'webhook-drop': { strikes: 'webhook', takes: {} },
  'webhook-duplicate': { strikes: 'webhook', takes: {} },
  'webhook-delay': { strikes: 'webhook', takes: { ms: 1000 } },
  'webhook-reorder': { strikes: 'webhook', takes: { ms: 2000 } },
  'webhook-old-key': { strikes: 'webhook', takes: {} },
};

/** One fault as it will happen. Parameters that its kind does not take mean nothing. */
export interface Fault<K extends FaultKind = FaultKind> {
  kind: K;
  ms: number;
  status: number;
  retryAfter: number | null;
  contentLength: 'cut' | 'full';
}

const parameters = {
  ms: z.number().int().min(0).max(600_000).optional(),
  status: z.number().int().min(400).max(599).optional(),
  retry_after: z.number().min(0).max(86_400).optional(),
  content_length: z.enum(['cut', 'full']).optional(),
};
const kind = z.enum(FAULT_KINDS);

type Given = z.output<typeof givenSchema>;
const givenSchema = z.strictObject({ kind, ...parameters });
const headerSchema = givenSchema.superRefine(checkParameters);

/** A rule of `POST /_sandbox/faults`. */
export const ruleSchema = z
  .strictObject({
    kind,
    ...parameters,
    route: z.string().min(1).refine(isPattern, 'is no regular expression').optional(),
    envelope: z.string().min(1).optional(),
    event: z.enum(WEBHOOK_EVENTS).optional(),
    times: z.number().int().min(1).max(1_000_000).optional(),
    share: z.number().min(0).max(1).optional(),
  })
  .superRefine((rule, context) => {
    checkParameters(rule, context);
    const refuse = (name: 'route' | 'event' | 'share', message: string): void => {
      if (rule[name] !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    };
    if (FAULTS[rule.kind].strikes === 'webhook') refuse('route', 'webhooks have none: name an event');
    else refuse('event', 'is for webhooks only');
    if (rule.times !== undefined) refuse('share', 'give times or share, not both');
  });
export type GivenRule = z.output<typeof ruleSchema>;

function checkParameters(given: Given, context: z.RefinementCtx<Given>): void {
  const { takes } = FAULTS[given.kind];
  for (const name of ['ms', 'status', 'retry_after', 'content_length'] as const) {
    if (given[name] !== undefined && takes[name] === undefined) {
      context.addIssue({ code: 'custom', path: [name], message: `${given.kind} takes none` });
    }
  }
  if (given.status !== undefined && given.status < 500 && given.kind !== 'html') {
    context.addIssue({ code: 'custom', path: ['status'], message: 'must be 500 or more' });
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

export function faultOf(given: Given): Fault {
  const { takes } = FAULTS[given.kind];
  return {
    kind: given.kind,
    ms: given.ms ?? takes.ms ?? 0,
    status: given.status ?? takes.status ?? 0,
    retryAfter: given.retry_after ?? takes.retry_after ?? null,
    contentLength: given.content_length ?? takes.content_length ?? 'cut',
  };
}

/** Reads `X-Sandbox-Fault`: `kind`, or `kind; ms=200; status=500; retry_after=3`. 400 that says what is allowed. */
export function readFaultHeader(text: string): Fault {
  const [name = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part) => part.split('=').map((side) => side.trim()));
  const values = new Map<string, string | number>([['kind', name]]);
  for (const [key = '', value = '', ...more] of pairs) {
    if (value === '' || more.length > 0 || values.has(key)) throw badHeader(`"${key}" is malformed or said twice`);
    values.set(key, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value);
  }
  const parsed = headerSchema.safeParse(Object.fromEntries(values));
  if (parsed.success) return faultOf(parsed.data);
  const issue = parsed.error.issues[0];
  throw badHeader(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}

export function badHeader(problem: string): Refusal {
  const form = 'write "kind" or "kind; ms=200; status=500; retry_after=3; content_length=full"';
  return new Refusal(400, 'bad_fault', `X-Sandbox-Fault: ${problem}; ${form}; kinds: ${FAULT_KINDS.join(', ')}`);
}
