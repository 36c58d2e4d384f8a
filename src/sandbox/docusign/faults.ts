/** What is to go wrong on purpose. */
import { z } from 'zod';

const CALL_KINDS = [
  'latency',
  'error',
  'error-after',
  'rate-limit',
  'html',
  'empty',
  'drop-before',
  'drop-after',
  'hang',
  'truncated-pdf',
] as const;
const CONNECT_KINDS = [
  'connect-drop',
  'connect-duplicate',
  'connect-delay',
  'connect-reorder',
  'connect-wrong-key',
  'connect-tampered',
  'connect-unsigned',
] as const;

/**
 * A call: `latency` waits, then goes on; `error`, `rate-limit`, `html`, `empty` (444), `drop-before` and `hang` (no answer, no end) come with nothing
 * done; `error-after` and `drop-after` when all is done; `truncated-pdf` cuts a download in half, with the length of the half (`cut`) or of the whole (`full`).
 * A message of Connect: never sent, sent twice, held back for `ms`, held back until the next of the same envelope has gone out (`ms` at most), signed with
 * a key that nobody has, changed after it was signed, or not signed.
 */
export const faultSchema = z.strictObject({
  kind: z.enum([...CALL_KINDS, ...CONNECT_KINDS]),
  /** A regular expression for `METHOD /path`, without the query. */
  route: z.string().min(1).refine(isPattern, 'is no regular expression').optional(),
  /** Of Connect: the event it strikes. */
  event: z.string().min(1).optional(),
  envelope: z.string().min(1).optional(),
  /** Matches to let pass first. */
  skip: z.number().int().min(0).default(0),
  times: z.number().int().min(1).default(1),
  status: z.number().int().min(400).max(599).optional(),
  /** `errorCode` of `error`, `error-after` and `rate-limit`. */
  code: z.string().min(1).optional(),
  ms: z.number().int().min(0).max(600_000).default(1000),
  content_length: z.enum(['cut', 'full']).default('cut'),
});
export type Fault = z.output<typeof faultSchema>;
export type FaultKind = Fault['kind'];

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

export interface Scene {
  /** `METHOD /path`; empty for a message of Connect. */
  route: string;
  envelope: string | null;
  event: string | null;
}

export class Faults {
  private rules: Fault[] = [];
  readonly happened = new Map<FaultKind, number>();

  add(faults: readonly Fault[]): void {
    this.rules.push(...faults.map((fault) => ({ ...fault })));
  }

  clear(): void {
    this.rules = [];
  }

  live(): readonly Fault[] {
    return this.rules;
  }

  ofCall(scene: Scene, isDownload: boolean): Fault | null {
    return this.take((kind) => !kind.startsWith('connect-') && (kind !== 'truncated-pdf' || isDownload), scene);
  }

  ofMessage(scene: Scene): Fault | null {
    return this.take((kind) => kind.startsWith('connect-'), scene);
  }

  /** The first rule that strikes here; each that it matches comes a step nearer. */
  private take(strikes: (kind: FaultKind) => boolean, scene: Scene): Fault | null {
    const met = this.rules.filter((fault) => strikes(fault.kind) && applies(fault, scene));
    const struck = met.find((fault) => fault.skip === 0) ?? null;
    for (const fault of met) if (fault.skip > 0) fault.skip -= 1;
    if (!struck) return null;
    struck.times -= 1;
    this.rules = this.rules.filter((fault) => fault.times > 0);
    this.happened.set(struck.kind, (this.happened.get(struck.kind) ?? 0) + 1);
    return struck;
  }
}

function applies(fault: Fault, scene: Scene): boolean {
  return (
    (fault.route === undefined || new RegExp(fault.route).test(scene.route)) &&
    (fault.event === undefined || fault.event === scene.event) &&
    (fault.envelope === undefined || fault.envelope === scene.envelope)
  );
}
