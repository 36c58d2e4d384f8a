import { z } from 'zod';
import { parseKeys, type KeyGrant } from './accounts.js';
import type { SandboxOptions } from './server.js';
import { settingsSchema, type Settings } from './settings.js';

/** A bad variable: the message is one line that names it, says what is wrong and gives an example. */
export class BadEnvironment extends Error {
  override readonly name = 'BadEnvironment';
}

export const port = z.coerce.number().int().min(0).max(65535);
export const origin = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
const keys = z
  .string()
  .transform((list): KeyGrant[] => parseKeys(list))
  .refine((grants) => grants.length > 0, 'names no key');

const VARIABLES = {
  HOST: { schema: z.string().min(1), fallback: '127.0.0.1', example: '127.0.0.1' },
  SANDBOX_PORT: { schema: port, fallback: '8090', example: '8090' },
  SANDBOX_BUCKET_PORT: { schema: port, fallback: '8091', example: '8091, or 0 for a free one' },
  SANDBOX_CREDITS: { schema: z.coerce.number().int().min(0), fallback: '5', example: '5' },
  SANDBOX_PLATFORM_KEYS: { schema: z.string().transform(parseKeys), fallback: '', example: 'platform-key' },
  SANDBOX_API_KEYS: { schema: keys, fallback: 'sandbox-key', example: 'key-one,key-two@shared-organisation' },
} as const;

/**
 * Reads the sandbox's environment: `HOST`, `SANDBOX_PORT`, `SANDBOX_BUCKET_PORT`, `SANDBOX_PUBLIC_URL`, `SANDBOX_BUCKET_URL`, `SANDBOX_DATA`,
 * `SANDBOX_API_KEYS`, `SANDBOX_PLATFORM_KEYS` (those that may act for connected accounts), `SANDBOX_CREDITS`, and each switch of settings.ts as `SANDBOX_` and its name in capitals. Credits are for organisations that the data folder does not know yet.
 * Throws BadEnvironment.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): SandboxOptions {
  const given = (name: string): string | undefined => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  return {
    host: check('HOST', VARIABLES.HOST, given('HOST')),
    port: check('SANDBOX_PORT', VARIABLES.SANDBOX_PORT, given('SANDBOX_PORT')),
    bucketPort: check('SANDBOX_BUCKET_PORT', VARIABLES.SANDBOX_BUCKET_PORT, given('SANDBOX_BUCKET_PORT')),
    publicUrl: readOrigin('SANDBOX_PUBLIC_URL', given('SANDBOX_PUBLIC_URL')),
    bucketUrl: readOrigin('SANDBOX_BUCKET_URL', given('SANDBOX_BUCKET_URL')),
    data: given('SANDBOX_DATA') ?? null,
    keys: [
      ...check('SANDBOX_API_KEYS', VARIABLES.SANDBOX_API_KEYS, given('SANDBOX_API_KEYS')),
      ...check('SANDBOX_PLATFORM_KEYS', VARIABLES.SANDBOX_PLATFORM_KEYS, given('SANDBOX_PLATFORM_KEYS')).map(
        (grant) => ({
          ...grant,
          platform: true,
        }),
      ),
    ],
    credits: check('SANDBOX_CREDITS', VARIABLES.SANDBOX_CREDITS, given('SANDBOX_CREDITS')),
    settings: readSettings(given),
  };
}

function readSettings(given: (name: string) => string | undefined): Settings {
  const values: Record<string, unknown> = {};
  for (const [setting, schema] of Object.entries(settingsSchema.shape)) {
    const name = `SANDBOX_${setting.toUpperCase()}`;
    const text = given(name);
    const example = String(schema.parse(undefined));
    if (text !== undefined) values[setting] = check(name, { schema, fallback: text, example }, typed(text));
  }
  return settingsSchema.parse(values);
}

/** `true`, `false` and numbers as such; everything else stays text. */
function typed(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function readOrigin(name: string, text: string | undefined): string | null {
  return text === undefined
    ? null
    : check(name, { schema: origin, fallback: text, example: 'http://localhost:8090' }, text);
}

/** The variable's value, or its fallback. Throws BadEnvironment. */
export function check<T extends z.ZodType>(
  name: string,
  variable: { schema: T; fallback: string; example: string },
  value: unknown,
): z.output<T> {
  const parsed = variable.schema.safeParse(value ?? variable.fallback);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]?.message ?? 'is not valid';
  throw new BadEnvironment(`${name}=${String(value)}: ${issue} (example: ${variable.example})`);
}
