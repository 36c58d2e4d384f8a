/** The ops console over deals on paper, visited as a browser does: by cookie, following no redirect, forms with the browser's own headers. */
import { fastify, type FastifyBaseLogger, type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import type { GatewayToken } from '../../../src/config.js';
import type { DealSnapshot } from '../../../src/deal/snapshot.js';
import { snapshotOf } from '../../../src/deal/showing.js';
import type { DealState } from '../../../src/deal/state.js';
import { guardRoutes } from '../../../src/gateway/access.js';
import { addConsole } from '../../../src/gateway/console/console.js';
import { SESSION_COOKIE } from '../../../src/gateway/session.js';
import type { DealLine } from '../../../src/gateway/deal-list.js';
import type { Deals } from '../../../src/gateway/deals.js';
import { createDesk } from '../../../src/gateway/desk.js';
import { createIdentities, type TokenReader } from '../../../src/gateway/identity.js';
import { createMetrics, observeRequests } from '../../../src/gateway/observe.js';
import { aDealIn } from '../../support/deals.js';
import { aGateway, POLICIES, TOKENS, type AGateway } from '../a-gateway.js';
import { aDealLine } from '../../support/deal-lines.js';

export const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

export interface Browser {
  /** The page as its text. */
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** Sends a form of the console's own. */
  post(url: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** Cookies that the console has set, by name. */
  cookies: Map<string, string>;
}

export function aBrowser(app: FastifyInstance): Browser {
  const cookies = new Map<string, string>();
  const call = async (method: 'GET' | 'POST', url: string, headers: Record<string, string>, payload?: string) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('; ');
    const answer = await app.inject({
      method,
      url,
      headers: { ...(cookie && { cookie }), ...headers },
      ...(payload !== undefined && { payload }),
    });
    for (const { name, value } of answer.cookies) {
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  return {
    cookies,
    get: (url, headers = {}) => call('GET', url, headers),
    post: (url, fields = {}, headers = SAME_ORIGIN) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
      return call('POST', url, form, new URLSearchParams(fields).toString());
    },
  };
}

export function tokenOf(role: string): string {
  const found = TOKENS.find((token) => token.role === role);
  if (!found) throw new Error(`no token has the role ${role}`);
  return found.token;
}

export interface AConsole extends Browser {
  gateway: AGateway;
  /** Sets what the deal is when it is read. */
  shows(snapshot: DealSnapshot): void;
}

/** A console where somebody of this role is logged in. */
export async function aConsole(role: string, over: Parameters<typeof aGateway>[0] = {}): Promise<AConsole> {
  const gateway = aGateway(over);
  const browser = aBrowser(gateway.app);
  const answer = await browser.post('/console/login', { token: tokenOf(role) });
  if (answer.statusCode !== 303) throw new Error(`the login was answered ${answer.statusCode}`);
  const shows = (snapshot: DealSnapshot): void => {
    gateway.deals.answers.read = () => ({ kind: 'deal', snapshot });
  };
  return { ...browser, gateway, shows };
}

/** The console alone, with an identity provider on paper and links to a Temporal UI. */
export function aConsoleWith(
  deals: Deals,
  { tokens = TOKENS, readJwt }: { tokens?: readonly GatewayToken[]; readJwt?: TokenReader } = {},
): Browser {
  const loggerInstance: FastifyBaseLogger = pino({ level: 'silent' });
  const app = fastify({ loggerInstance });
  observeRequests(app, createMetrics());
  const identities = createIdentities(tokens, readJwt);
  guardRoutes(app, identities);
  const { provider } = aGateway();
  addConsole(app, {
    deskOf: (caller) => createDesk({ deals, signing: { atlas: provider }, policies: POLICIES }, caller),
    identities,
    oidc: readJwt !== undefined,
    documentTypes: () => [...POLICIES.keys()],
    temporalUi: { url: 'https://temporal.example', namespace: 'deals' },
  });
  return aBrowser(app);
}

export const sessionOf = ({ cookies }: Browser): string => cookies.get(SESSION_COOKIE) ?? '';

export const aSnapshot = (stage: DealState['stage'], over: Partial<DealSnapshot> = {}): DealSnapshot => ({
  ...snapshotOf(aDealIn(stage)),
  ...over,
});

export const aLine = (over: Partial<DealLine> = {}): DealLine =>
  aDealLine({ startedAt: '2026-01-05T08:00:00.000Z', ...over });

/** The value of a hidden field in a page. */
export function hidden(page: string, name: string): string {
  const tag = [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].find(([text]) => text.includes(`name="${name}"`));
  return /value="([^"]*)"/.exec(tag?.[0] ?? '')?.[1] ?? '';
}

/** What a person reads of a page: no tags, and white space as one space. */
export function textOf(page: string): string {
  return page
    .replaceAll(/<(br|\/(p|li|h\d|td|th|dt|dd|div|label|option|time))[^>]*>/g, ' ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/\s+/g, ' ');
}
