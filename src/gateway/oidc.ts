/** Tokens of the company's own identity provider (OpenID Connect): checked here against its published keys, which are kept. */
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose';
import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { ROLES, type OidcSettings, type Role } from '../config.js';
import { IdentityUnavailable, type TokenReader } from './identity.js';

const PATIENCE_MS = 5_000;
/** Clocks of two machines differ a little. */
const CLOCK_TOLERANCE_S = 30;
/** Signatures that only the identity provider can make: nothing that a shared secret or nobody signs. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Of several roles the one that may do most counts. */
const MOST_FIRST: readonly Role[] = ['operator', 'reviewer', 'viewer', 'crm'];

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });

/**
 * A reader of the issuer's tokens. The issuer is asked where its keys are at the first token, and for the keys again when a token names one
 * that is not known; both honour HTTPS_PROXY.
 */
export function createOidc({ issuer, audience, rolesClaim }: OidcSettings): TokenReader {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: PATIENCE_MS } });
  const get = async (url: string): Promise<Response> => {
    const { statusCode, body } = await request(url, {
      dispatcher,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { accept: 'application/json' },
    });
    return new Response(await body.text(), { status: statusCode });
  };
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

  async function issuersKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    if (keys) return keys;
    const answer = await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (!answer.ok) throw new Error(`the discovery document came with status ${answer.status}`);
    const found = discoverySchema.parse(await answer.json());
    if (found.issuer !== issuer) throw new Error(`the discovery document is of another issuer: ${found.issuer}`);
    keys = createRemoteJWKSet(new URL(found.jwks_uri), { [customFetch]: get, timeoutDuration: PATIENCE_MS });
    return keys;
  }

  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await issuersKeys(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
      });
      const role = MOST_FIRST.find((candidate) => rolesIn(payload, rolesClaim).includes(candidate));
      return role ? { caller: { role, name: nameIn(payload), named: true }, expires: payload.exp ?? null } : null;
    } catch (error) {
      if (error instanceof errors.JOSEError && !FETCH_FAILURES.has(error.code)) return null;
      throw new IdentityUnavailable(`${issuer} does not give its keys`, { cause: error });
    }
  };
}

const FETCH_FAILURES = new Set([errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code]);

/** The roles of a token. A claim's name may hold dots itself, or lead by dots into objects (`realm_access.roles`). */
function rolesIn(payload: JWTPayload, claim: string): Role[] {
  const inside = claim.split('.').reduce<unknown>((value, key) => childOf(value, key), payload);
  const value = payload[claim] ?? inside;
  const words = typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value.map(String) : [];
  return ROLES.filter((role) => words.some((word) => word.replace(/^countersign[-:/.]/, '') === role));
}

function childOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

/** How timelines name the caller. */
function nameIn({ preferred_username: username, email, name, sub }: JWTPayload): string {
  const known = [username, email, name, sub].find((text) => typeof text === 'string' && text.trim() !== '');
  return String(known).trim().slice(0, 64);
}
