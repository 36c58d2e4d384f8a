/**
 * Sessions of people who logged in. They are kept by the browser alone, so any gateway with the same tokens knows them: a cookie either
 * names a token of GATEWAY_TOKENS and is sealed under that very token, or is the identity provider's JWT.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { fingerprintOf, isJwt, type Caller, type Identified, type Identities } from './identity.js';

export const SESSION_COOKIE = 'countersign';
export const SESSION_HOURS = 12;
/** Browsers drop cookies of 4,096 bytes and more, without a word. */
const LONGEST_JWT = 3_800;

export interface Session {
  cookie: string;
  caller: Caller;
  maxAgeSeconds: number;
}

/** The identity provider's token does not fit into a cookie. */
export class TokenTooLong extends Error {
  override readonly name = 'TokenTooLong';
  constructor(length: number) {
    super(
      `The token is too long for a session: ${length} characters, at most ${LONGEST_JWT} fit. Ask for one with fewer claims ` +
        '(groups above all), or put a proxy in front that sends it as Authorization: Bearer.',
    );
  }
}

/** Null when nobody has this token. Throws `TokenTooLong` and `IdentityUnavailable`. */
export async function openSession(identities: Identities, token: string, now: number): Promise<Session | null> {
  const identified = await identities.callerOf(token);
  if (!identified) return null;
  const { caller, expires } = identified;
  const seconds = Math.floor(now / 1000);
  if (expires === null) {
    const maxAgeSeconds = SESSION_HOURS * 3600;
    return { cookie: sealed(token, seconds + maxAgeSeconds), caller, maxAgeSeconds };
  }
  if (token.length > LONGEST_JWT) throw new TokenTooLong(token.length);
  return { cookie: `j.${token}`, caller, maxAgeSeconds: Math.max(0, expires - seconds) };
}

/** Whose session it is; null when it is none, has expired, or its token counts no more. Throws `IdentityUnavailable`. */
export async function readSession(
  identities: Identities,
  cookie: string | undefined,
  now: number,
): Promise<Caller | null> {
  if (cookie === undefined) return null;
  const jwt = cookie.startsWith('j.') ? cookie.slice(2) : undefined;
  if (jwt !== undefined) return isJwt(jwt) ? callerOfJwt(await identities.callerOf(jwt)) : null;
  const [, fingerprint = '', expiry = ''] = /^t\.([0-9a-f]{16})\.(\d{1,12})\.[\w-]{43}$/.exec(cookie) ?? [];
  const token = identities.tokenOf(fingerprint);
  if (!token || !isSame(cookie, sealed(token.token, Number(expiry)))) return null;
  if (Number(expiry) * 1000 <= now) return null;
  return { role: token.role, name: token.name, named: true };
}

/** A gateway's own token in the guise of a JWT would never expire. */
function callerOfJwt(identified: Identified | null): Caller | null {
  return identified && identified.expires !== null ? identified.caller : null;
}

/** The key is the token's own, so that taking the token away ends its sessions everywhere. */
function sealed(token: string, expiry: number): string {
  const body = `t.${fingerprintOf(token)}.${expiry}`;
  const key = Buffer.from(hkdfSync('sha256', token, '', 'countersign console session', 32));
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
