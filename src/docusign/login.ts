/** Tokens by JWT grant: an assertion signed with the private key is exchanged for a token, which commands and worker share through a file. */
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { DocusignError } from './account.js';
import { fingerprintOf, shortHash } from './fingerprints.js';
import { isFine, type Exchanged, type Wire } from './http.js';
import type { Log } from './log.js';
import { loginRefusal } from './login-refusals.js';
import { jsonOf } from './refusals.js';
import { scopesOf } from './scopes.js';
import { removeFiles, sealedFile, type SealedFile } from './sealed-file.js';
import type { DocusignSettings } from './settings.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_S = 10 * 60;
/** A fast clock makes DocuSign refuse the signature as one of the future; its support advises to date assertions back. */
const BACK_DATED_S = 2 * 60;
const EARLY_MS = 10 * 60_000;
/** Kept away from the end of a token that has to do because a new one cannot be had. */
const LAST_USE_MS = 30_000;
const TRY_AGAIN_MS = 30_000;
const LOGIN_MS = 30_000;
const MAX_BYTES = 64 * 1024;
/** From then on the clocks count as different. */
const CLOCK_OFF_MS = 30_000;

const tokenSchema = z.object({
  token: z.string().min(1),
  /** Ms since 1970. */
  issuedAt: z.number(),
  expiresAt: z.number(),
  /** Null where DocuSign did not say. */
  scopes: z.array(z.string()).nullable(),
});
export type Token = z.infer<typeof tokenSchema>;

const answerSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number().positive().max(86_400),
  scope: z.string().nullish(),
});

export interface Login {
  /**
   * A valid token; renewed 10 min before its end, by one call however many wait for it. Throws `DocusignError`: `login` with what to do,
   * `unreachable`, `unavailable`, `rate-limited`, `unreadable`.
   */
  token(): Promise<Token>;
  /** The token was refused (401): nobody is given it again. One that has been replaced already changes nothing. */
  refused(token: string): Promise<void>;
}

export interface LoginParts {
  wire: Wire;
  privateKey: KeyObject;
  log: Log;
  now?: () => number;
}

export function openLogin(settings: DocusignSettings, { wire, privateKey, log, now = Date.now }: LoginParts): Login {
  const file = sealedFile(tokenPath(settings), privateKey, bondOf(settings));
  let held: { token: Token; version: string | undefined } | undefined;
  let unwritable = false;
  let renewal: Promise<Token> | undefined;
  let tryAgainAt = 0;
  let assumedAheadMs = 0;

  /** What is held here, as long as the file that it is shared by is as it was; else what the file holds now. */
  async function shared(): Promise<Token | undefined> {
    const version = await file.version();
    // A token that could not be shared stands for itself.
    if (held && (held.version === version || (version === undefined && unwritable))) return held.token;
    const found = version === undefined ? undefined : tokenSchema.safeParse(await file.read()).data;
    held = found && { token: found, version };
    return found;
  }

  async function current(): Promise<Token> {
    const token = await shared();
    const time = now();
    if (token && time < renewAt(token)) return token;
    if (token && time < token.expiresAt - LAST_USE_MS && time < tryAgainAt) return token;
    try {
      return await renew();
    } catch (error) {
      const passes =
        error instanceof DocusignError && ['unreachable', 'unavailable', 'rate-limited'].includes(error.kind);
      if (!token || !passes || now() >= token.expiresAt - LAST_USE_MS) throw error;
      tryAgainAt = now() + TRY_AGAIN_MS;
      log.warn({ kind: error.kind }, 'the DocuSign token cannot be renewed yet; the old one still holds');
      return token;
    }
  }

  async function renew(): Promise<Token> {
    const token = await exchange();
    try {
      await file.write(token);
      unwritable = false;
    } catch (error) {
      if (!unwritable) log.warn({ code: codeOf(error) }, 'the DocuSign token cannot be kept in DOCUSIGN_FOLDER');
      unwritable = true;
    }
    held = { token, version: await file.version() };
    return token;
  }

  async function exchange(): Promise<Token> {
    const first = await ask(assumedAheadMs);
    if (first.token) return first.token;
    // Signed by DocuSign's own clock it may well do. Only what has helped is assumed later: a header may be wrong, too.
    const { aheadMs, refused } = first;
    const differs = aheadMs !== undefined && Math.abs(aheadMs - assumedAheadMs) >= CLOCK_OFF_MS;
    const second = differs && refused.status === 400 ? await ask(aheadMs) : first;
    assumedAheadMs = second.token ? (aheadMs ?? 0) : 0;
    if (second.token) return second.token;
    throw loginRefusal(settings, second.refused, second.aheadMs);
  }

  /** `aheadMs`: how far this machine's clock is ahead of DocuSign's, as is assumed and as the answer shows. */
  async function ask(
    assumed: number,
  ): Promise<{ token: Token } | { token?: undefined; refused: Exchanged; aheadMs: number | undefined }> {
    const asked = now();
    const answer = await wire.send({
      api: 'oauth',
      method: 'POST',
      url: new URL(`${settings.urls.auth}/oauth/token`),
      route: '/oauth/token',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'cache-control': 'no-store',
      },
      body: new URLSearchParams({
        grant_type: GRANT,
        assertion: await assertionOf(settings, privateKey, asked - assumed),
      }).toString(),
      maxBytes: MAX_BYTES,
      withinMs: LOGIN_MS,
    });
    const aheadMs = clockAhead(answer.headers.date, asked, now());
    if (!isFine(answer.status)) return { refused: answer, aheadMs };
    if (aheadMs !== undefined && Math.abs(aheadMs) >= CLOCK_OFF_MS)
      log.warn({ aheadMs }, 'this machine’s clock differs from DocuSign’s: keep it by NTP');
    return { token: tokenIn(answer.bytes, asked) };
  }

  return {
    token: () => {
      renewal ??= current().finally(() => (renewal = undefined));
      return renewal;
    },

    async refused(token) {
      // A renewal under way may be about to replace it.
      await renewal?.catch(() => undefined);
      const found = await shared();
      if (found?.token !== token) return;
      held = undefined;
      await file.remove().catch(() => undefined);
    },
  };
}

/** Deletes what commands and worker share of logins with this key; every process logs in anew. Answers how many files there were. */
export function forgetLogins({ folder, integrationKey }: DocusignSettings): Promise<number> {
  return removeFiles(folder, `login-${fingerprintOf(integrationKey)}-`);
}

/** A file beside the token's, for something else that belongs to the same login. */
export function loginFile(
  settings: DocusignSettings,
  name: string,
  privateKey: KeyObject,
  boundTo: readonly string[],
): SealedFile {
  return sealedFile(pathOf(settings, name, boundTo), privateKey, boundTo);
}

function tokenPath(settings: DocusignSettings): string {
  return pathOf(settings, 'token', bondOf(settings));
}

function pathOf({ folder, integrationKey }: DocusignSettings, name: string, boundTo: readonly string[]): string {
  return join(folder, `login-${fingerprintOf(integrationKey)}-${name}-${shortHash(JSON.stringify(boundTo))}.sealed`);
}

function bondOf(settings: DocusignSettings): string[] {
  const { integrationKey, userId, environment, urls } = settings;
  return ['token', integrationKey, userId, environment, urls.auth, ...scopesOf(settings)];
}

/** `now`: ms since 1970 by DocuSign's clock, as far as it is known. */
function assertionOf(settings: DocusignSettings, privateKey: KeyObject, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000) - BACK_DATED_S;
  return new SignJWT({ scope: scopesOf(settings).join(' ') })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(settings.integrationKey)
    .setSubject(settings.userId)
    .setAudience(new URL(settings.urls.auth).host)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_S)
    .sign(privateKey);
}

function tokenIn(bytes: Uint8Array, asked: number): Token {
  const parsed = answerSchema.safeParse(jsonOf(bytes));
  if (!parsed.success)
    throw new DocusignError(
      'unreadable',
      'DocuSign’s login answered without a token that can be used (access_token, expires_in): check DOCUSIGN_AUTH_URL',
    );
  const { access_token: token, expires_in: seconds, scope } = parsed.data;
  const scopes = scope?.split(' ').filter((word) => word !== '') ?? null;
  return { token, issuedAt: asked, expiresAt: asked + seconds * 1000, scopes };
}

function renewAt({ issuedAt, expiresAt }: Token): number {
  return expiresAt - Math.min(EARLY_MS, (expiresAt - issuedAt) / 2);
}

/** The server read its clock some time between `asked` and `answered`; undefined where it does not tell its time. */
function clockAhead(date: string | undefined, asked: number, answered: number): number | undefined {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return undefined;
  if (theirs < asked) return asked - theirs;
  return theirs > answered ? answered - theirs : 0;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
