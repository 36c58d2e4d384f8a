/** The login: OAuth 2.0 JWT bearer flow (Salesforce help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"). */
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { CrmError } from '../crm.js';
import { loginRefusal } from './login-refusal.js';

export interface Credentials {
  clientId: string;
  username: string;
  key: KeyObject;
  /** Without a slash at its end. */
  loginUrl: string;
}

export interface Session {
  accessToken: string;
  instanceUrl: string;
}

const LOGIN_MS = 10_000;
/** Salesforce takes none that expires later than three minutes from now; its clock may be a little behind. */
const ASSERTION_SECONDS = 120;
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const granted = z.object({
  access_token: z.string().min(1),
  instance_url: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
});

/** A new session each time. Throws `CrmError` that says what to mend. */
export async function login(credentials: Credentials): Promise<Session> {
  const { clientId, username, key, loginUrl } = credentials;
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(clientId)
    .setSubject(username)
    .setAudience(audienceOf(loginUrl))
    .setExpirationTime(Math.floor(Date.now() / 1000) + ASSERTION_SECONDS)
    .sign(key);
  const { status, body } = await asked(`${loginUrl}/services/oauth2/token`, { grant_type: GRANT, assertion });
  if (status !== 200) throw loginRefusal(status, body, loginUrl);
  const read = granted.safeParse(body);
  if (read.success) return { accessToken: read.data.access_token, instanceUrl: read.data.instance_url };
  throw new CrmError(
    'refused',
    `${loginUrl} answers a login with something else than a session: check SALESFORCE_LOGIN_URL.`,
  );
}

/**
 * A company may close the common address for logins and open its own only; the assertion is made out to the common one all the same, which is
 * what the flow's description asks for.
 */
export function audienceOf(loginUrl: string): string {
  const { hostname, origin } = new URL(loginUrl);
  if (/\.sandbox\.my\.salesforce\.com$/.test(hostname)) return 'https://test.salesforce.com';
  return /\.my\.salesforce\.com$/.test(hostname) ? 'https://login.salesforce.com' : origin;
}

async function asked(url: string, form: Record<string, string>): Promise<{ status: number; body: unknown }> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 5_000 } });
  try {
    const answer = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.timeout(LOGIN_MS),
    });
    return { status: answer.statusCode, body: parsed(await answer.body.text()) };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new CrmError('unavailable', `${new URL(url).origin} did not answer the login (${why}).`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
