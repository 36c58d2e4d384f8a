/** Whether tokens of the identity provider could be checked now. */
import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import type { OidcSettings } from '../config.js';

const PATIENCE_MS = 5_000;
const LONGEST = 1024 * 1024;

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const keysSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string(), use: z.string().optional() })) });

/** Fetches the issuer's discovery document and keys, and says how many can check signatures. Throws what hinders it. */
export async function examineOidc({ issuer }: Pick<OidcSettings, 'issuer'>): Promise<string> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: PATIENCE_MS }, maxResponseSize: LONGEST });
  const get = async <T>(url: string, what: string, schema: z.ZodType<T>): Promise<T> => {
    const { statusCode, body } = await request(url, {
      dispatcher,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { accept: 'application/json' },
    }).catch((error: unknown) => {
      throw new Error(`${url} does not answer: ${codeOf(error)}`);
    });
    const answer = await body.json().catch(() => undefined);
    const parsed = schema.safeParse(answer);
    if (statusCode === 200 && parsed.success) return parsed.data;
    throw new Error(`${url} gives no ${what} (${statusCode})`);
  };
  try {
    const where = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = await get(where, 'discovery document', discoverySchema);
    if (found.issuer !== issuer) throw new Error(`${where} is of the issuer ${found.issuer}, not of ${issuer}`);
    const { keys } = await get(found.jwks_uri, 'keys', keysSchema);
    // Shared secrets sign nothing here: whoever checks by one could also sign.
    const usable = keys.filter(({ kty, use }) => kty !== 'oct' && use !== 'enc').length;
    if (usable === 0) throw new Error(`${found.jwks_uri} has no key that could check a signature`);
    return `${issuer} gives ${usable} ${usable === 1 ? 'key' : 'keys'}`;
  } finally {
    await dispatcher.destroy();
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `nothing came within ${PATIENCE_MS / 1000} seconds`;
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
