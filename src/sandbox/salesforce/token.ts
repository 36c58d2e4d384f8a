/** The token endpoint, for the JWT bearer flow only. */
import { randomBytes, type KeyObject } from 'node:crypto';
import { decodeJwt, errors, jwtVerify } from 'jose';

export interface App {
  /** The consumer key. */
  clientId: string;
  /** Of the certificate that was uploaded to the app. */
  publicKey: KeyObject;
  /** Users that an administrator has let use it, by name. */
  approved: readonly string[];
}

export interface TokenAnswer {
  status: number;
  body: Record<string, unknown>;
}

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** An assertion that is good for longer is taken for a mistake. */
const MOST_SECONDS = 180;

export class Tokens {
  private readonly sessions = new Set<string>();
  /** Logins that were let in. */
  logins = 0;
  /** How far the clock here is ahead of the real one, in milliseconds. */
  aheadMs = 0;

  constructor(
    private readonly app: App,
    private readonly users: readonly string[],
    private readonly organizationId: string,
  ) {}

  /** Whether the header of a call carries a session that still lives. */
  isLive(authorization: string | undefined): boolean {
    return this.sessions.has(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
  }

  /** As when an administrator ends all sessions. */
  end(): void {
    this.sessions.clear();
  }

  async ask(form: URLSearchParams, url: string): Promise<TokenAnswer> {
    if (form.get('grant_type') !== GRANT) return refused('unsupported_grant_type', 'grant type not supported');
    const assertion = form.get('assertion');
    if (!assertion) return refused('invalid_request', 'assertion required');
    const problem = await this.problemWith(assertion, url);
    if (problem) return problem;
    const token = `${this.organizationId.slice(0, 15)}!${randomBytes(24).toString('base64url')}`;
    this.sessions.add(token);
    this.logins += 1;
    return {
      status: 200,
      body: {
        access_token: token,
        scope: 'api',
        instance_url: url,
        id: `${url}/id/${this.organizationId}/005Wx0000000001IAA`,
        token_type: 'Bearer',
      },
    };
  }

  private async problemWith(assertion: string, url: string): Promise<TokenAnswer | null> {
    let issuer: string | undefined;
    try {
      issuer = decodeJwt(assertion).iss;
    } catch {
      return refused('invalid_grant', 'invalid assertion');
    }
    if (issuer !== this.app.clientId) return refused('invalid_client_id', 'client identifier invalid');
    const now = Date.now() + this.aheadMs;
    try {
      const { payload } = await jwtVerify(assertion, this.app.publicKey, {
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'sub', 'aud'],
        currentDate: new Date(now),
      });
      if (!isOwn(payload.aud, url)) return refused('invalid_grant', 'audience is invalid');
      if ((payload.exp ?? 0) > now / 1000 + MOST_SECONDS) return refused('invalid_grant', 'invalid assertion');
      if (!this.users.includes(payload.sub ?? ''))
        return refused('invalid_grant', "user hasn't approved this consumer");
      if (!this.app.approved.includes(payload.sub ?? ''))
        return refused('invalid_app_access', 'user is not admin approved to access this app');
      return null;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refused('invalid_grant', 'assertion expired');
      return refused('invalid_grant', 'invalid assertion');
    }
  }
}

/** A forwarder on this machine, which stands between for a test, is this organization too. */
function isOwn(audience: unknown, url: string): boolean {
  return typeof audience === 'string' && (audience === url || /^http:\/\/127\.0\.0\.1:\d+$/.test(audience));
}

function refused(error: string, description: string): TokenAnswer {
  return { status: 400, body: { error, error_description: description } };
}
