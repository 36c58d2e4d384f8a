/** Who a bearer token is: one of `GATEWAY_TOKENS`, or a JWT of the company's own identity provider. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { GatewayToken, Role } from '../config.js';

export interface Caller {
  role: Role;
  name: string;
  /** False for the developer of a gateway without tokens, who may speak in any name. */
  named: boolean;
}

/** A caller who came with a credential; `expires` (seconds since the epoch) for those that end by themselves. */
export interface Identified {
  caller: Caller;
  expires: number | null;
}

/** The identity provider does not answer, so nobody can be told to be anybody. */
export class IdentityUnavailable extends Error {
  override readonly name = 'IdentityUnavailable';
}

/** Reads the JWTs of one identity provider. Null for what is none of its tokens, or gives no role here. */
export type TokenReader = (token: string) => Promise<Identified | null>;

export interface Identities {
  /** Null when nobody has this token. Throws `IdentityUnavailable`. */
  callerOf(token: string): Promise<Identified | null>;
  /** The token of `GATEWAY_TOKENS` with this fingerprint: sessions name their token so. */
  tokenOf(fingerprint: string): GatewayToken | undefined;
}

export function createIdentities(tokens: readonly GatewayToken[], readJwt?: TokenReader): Identities {
  const known = tokens.map((token) => ({ token, hash: hashOf(token.token) }));
  return {
    async callerOf(given) {
      const hash = hashOf(given);
      let found: GatewayToken | undefined;
      // All are compared, whichever fits, so that the time tells nothing.
      for (const candidate of known) if (timingSafeEqual(candidate.hash, hash)) found = candidate.token;
      if (found) return { caller: { role: found.role, name: found.name, named: true }, expires: null };
      return readJwt && isJwt(given) ? readJwt(given) : null;
    },
    tokenOf: (fingerprint) => tokens.find(({ token }) => fingerprintOf(token) === fingerprint),
  };
}

/** Names a token without telling it. */
export function fingerprintOf(token: string): string {
  return createHash('sha256').update(`fingerprint\n${token}`).digest('hex').slice(0, 16);
}

export function isJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** Hashes are of one length, so comparing them takes the same time for any token. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
