/** What HubSpot's refusals, and its silence, mean for a call. No value of a property and no link gets into a message. */
import { z } from 'zod';
import { CrmError } from '../crm.js';
import { retryAfterMs } from '../retry-after.js';

/** All fields are to be taken for optional (HubSpot docs, Error handling). */
const errorBody = z.object({
  status: z.string().optional().catch(undefined),
  category: z.string().optional().catch(undefined),
  policyName: z.string().optional().catch(undefined),
  errors: z
    .array(
      z.object({
        code: z.string().optional().catch(undefined),
        context: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
});

/** An answer of 400 or more, as the SDK's middleware meets it: before the SDK drops what it does not know, such as `policyName`. */
export class HubSpotRefusal extends Error {
  override readonly name = 'HubSpotRefusal';
  readonly said: z.output<typeof errorBody> | undefined;

  constructor(
    readonly status: number,
    readonly retryAfter: string | undefined,
    body: string,
  ) {
    super(`HubSpot answered ${status}`);
    this.said = parsed(body);
  }
}

function parsed(body: string): z.output<typeof errorBody> | undefined {
  try {
    return errorBody.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** 408 and 425 as everywhere; 423 and 477 are HubSpot's own: a record under many writes, an account that is being moved. */
const PASSING = new Set([408, 423, 425, 429, 477]);

/** `doing` completes "HubSpot refused to …". */
export function crmErrorOf(doing: string, error: unknown): CrmError {
  if (error instanceof CrmError) return error;
  if (!(error instanceof HubSpotRefusal)) return unanswered(doing, error);
  const { status, said } = error;
  if (status >= 500 || PASSING.has(status)) {
    const wait = waitOf(error);
    const message = `HubSpot cannot ${doing} just now (${status}${said?.policyName ? `, ${plain(said.policyName)}` : ''}).`;
    return new CrmError('unavailable', message, wait === undefined ? {} : { retryAfterMs: wait });
  }
  if (isMissingRecord(error)) return new CrmError('gone', `HubSpot has no such record to ${doing}.`);
  return new CrmError('refused', `HubSpot refused to ${doing} (${status}). ${remedyOf(error)}`);
}

/** A wrong address answers 404 too, though not in HubSpot's own words: it must not look as if all deals were deleted. */
function isMissingRecord({ status, said }: HubSpotRefusal): boolean {
  if (status !== 404) return false;
  return said?.category === 'OBJECT_NOT_FOUND' || (said?.status === 'error' && said.category === undefined);
}

function unanswered(doing: string, error: unknown): CrmError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const why = code ?? (error instanceof Error ? error.name : 'unknown');
  return new CrmError('unavailable', `HubSpot did not answer when asked to ${doing} (${plain(why)}).`);
}

/** The waits are those of HubSpot's docs: API usage guidelines (429), Error handling (423: at least two seconds, 477: `Retry-After`). */
function waitOf({ status, retryAfter, said }: HubSpotRefusal): number | undefined {
  const told = retryAfterMs(retryAfter);
  if (told !== undefined) return told;
  if (status === 423) return 2_000;
  if (status !== 429) return undefined;
  if (said?.policyName === 'DAILY') return 3_600_000;
  if (said?.policyName === 'SECONDLY') return 1_000;
  return 10_000;
}

function remedyOf({ status, said }: HubSpotRefusal): string {
  if (status === 401) return 'It does not take HUBSPOT_ACCESS_TOKEN: set the access token that the app has now.';
  if (status === 403) {
    const scopes = namesIn(said, ['requiredGranularScopes', 'requiredScopes']);
    return scopes.length > 0
      ? `The app lacks a scope; it needs one of: ${scopes.join(', ')}.`
      : 'The app may not do this: look at its scopes.';
  }
  if (status === 404) return 'There is no such address: check HUBSPOT_API_URL.';
  const properties = namesIn(said, ['propertyName']);
  if (properties.length === 0)
    return said?.category === undefined ? 'No reason was given.' : `${plain(said.category)}.`;
  const codes = [...new Set(said?.errors?.flatMap(({ code }) => (code === undefined ? [] : [plain(code)])))];
  return `Check the property ${properties.join(', ')}${codes.length > 0 ? ` (${codes.join(', ')})` : ''}.`;
}

function namesIn(said: HubSpotRefusal['said'], keys: readonly string[]): string[] {
  const names = said?.errors?.flatMap(({ context }) => keys.flatMap((key) => context?.[key] ?? [])) ?? [];
  return [...new Set(names)].map(plain);
}

/** Names and codes only: whatever else stood in their place is not shown. */
function plain(text: string): string {
  return /^[\w.-]{1,100}$/.test(text) ? text : '[unreadable]';
}
