/** The one way to DocuSign's APIs, over HTTP. */
import type { Dispatcher } from 'undici';
import {
  DocusignError,
  type DocusignAccount,
  type DocusignAnswer,
  type DocusignApi,
  type DocusignCall,
} from './account.js';
import { openCallLog, type CallLog } from './call-log.js';
import { fingerprintOf } from './fingerprints.js';
import { addressOf, checkBaseUri } from './hosts.js';
import { isFine, openWire, resourceOf, type Exchange, type Exchanged } from './http.js';
import { hourOf, BURST_MS, RateLimits, toldBy } from './limits.js';
import { SILENT, type Log } from './log.js';
import { openLogin } from './login.js';
import { PollingGuard, type Reading } from './polling.js';
import { readPrivateKey } from './private-key.js';
import { limitMet, refusalOf } from './refusals.js';
import { envelopeOf, routeOf } from './routes.js';
import type { DocusignSettings } from './settings.js';
import { openUserAccounts } from './user-accounts.js';

const CALL_MS = 60_000;
const MAX_BYTES = 16 * 1024 * 1024;

export interface AccountOptions {
  /** Default: `calls.ndjson` in the settings' folder. */
  callLog?: CallLog;
  /** Default: silent. */
  log?: Log;
  /** Replaces the account's own connections; whoever gives it closes it. */
  dispatcher?: Dispatcher;
  /** How long a resource of an envelope is not read again, in ms; default 15 min, which DocuSign asks for. */
  pollingMs?: number;
  /** Ms since 1970. */
  now?: () => number;
}

/** Makes no call. Throws `DocusignError` (`invalid`) for a private key that is none. */
export function openDocusignAccount(settings: DocusignSettings, options: AccountOptions = {}): DocusignAccount {
  const { log = SILENT, now = Date.now } = options;
  if (settings.trustAnyCertificate)
    log.warn(
      {},
      'DOCUSIGN_TRUST_ANY_CERTIFICATE is on: whoever is between this machine and DocuSign can read contracts and tokens. Never use it in production',
    );
  const privateKey = readPrivateKey(settings.privateKey);
  const callLog =
    options.callLog ??
    openCallLog(settings.folder, {
      onTrouble: (code) => log.warn({ code }, 'calls to DocuSign cannot be noted in DOCUSIGN_FOLDER'),
    });
  const wire = openWire(settings, callLog, options.dispatcher);
  const login = openLogin(settings, { wire, privateKey, log, now });
  const userAccounts = openUserAccounts(settings, { wire, login, privateKey, now });
  const limits = new RateLimits(settings.environment, now);
  const guard = new PollingGuard(options.pollingMs, now);

  const accountId = async (): Promise<string> => settings.accountId ?? (await userAccounts.find(null)).accountId;

  async function rootOf(api: DocusignApi): Promise<string> {
    if (api === 'monitor') return settings.urls.monitor;
    if (api === 'admin') return settings.urls.admin;
    const base = settings.urls.esign ?? checkBaseUri(settings, (await userAccounts.find(settings.accountId)).baseUri);
    return `${base}/restapi/v2.1/accounts/${encodeURIComponent(await accountId())}`;
  }

  /** One exchange, with room for it and a token; a token that is refused is replaced once. */
  async function exchange(call: DocusignCall, asked: Omit<Exchange, 'headers' | 'withinMs'>): Promise<Exchanged> {
    const { api, callMs = CALL_MS } = call;
    const until = now() + callMs;
    for (let fresh = false; ; fresh = true) {
      const { token } = await login.token();
      // Half of the time stays for the exchange: a write that is cut short leaves open whether it was done.
      const slot = await limits.room({ api, path: call.path }, Math.max(0, Math.min(callMs / 2, until - now())));
      const answer = await wire.send({
        ...asked,
        headers: {
          accept: call.accept ?? 'application/json',
          authorization: `Bearer ${token}`,
          ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        },
        withinMs: Math.max(callMs / 2, until - now()),
      });
      slot.told(answer.headers);
      if (isFine(answer.status)) return answer;
      const refusal = refusalOf({ what: `${call.method} ${asked.route}`, api, ...answer }, now());
      const limit = limitMet(refusal.code);
      if (limit === 'hour') slot.met(limit, toldBy(answer.headers, now()).endsAt ?? hourOf(now()));
      if (limit === 'burst') slot.met(limit, now() + BURST_MS);
      if (refusal.status !== 401 || refusal.kind !== 'login' || fresh) throw refusal;
      await login.refused(token);
    }
  }

  async function call(call: DocusignCall): Promise<DocusignAnswer> {
    const { api, method, query = {}, body } = call;
    const root = await rootOf(api);
    const url = addressOf(api, root, call.path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const reading = guarded(call, url);
    try {
      const answer = await exchange(call, {
        api,
        method,
        url,
        route: routeOf(below(root, url)),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        maxBytes: call.maxBytes ?? MAX_BYTES,
      });
      reading?.done();
      return answerOf(answer, `${method} ${routeOf(below(root, url))}`);
    } finally {
      reading?.failed();
    }
  }

  function guarded({ api, method }: DocusignCall, url: URL): Reading | undefined {
    const polls = api === 'esignature' && method === 'GET' && envelopeOf(url.pathname) !== null;
    return polls ? guard.begin(resourceOf(url)) : undefined;
  }

  return {
    apiKeyId: fingerprintOf(settings.integrationKey),
    environment: settings.environment,
    accountId,
    accounts: () => userAccounts.list(),
    call,

    organizationId() {
      if (settings.organizationId !== null) return settings.organizationId;
      throw new DocusignError('invalid', 'DOCUSIGN_ORGANIZATION_ID is not set: set it to the GUID of the organization');
    },

    async close() {
      limits.close();
      await wire.close();
    },
  };
}

/** What of an address comes after the API's root. */
function below(root: string, url: URL): string {
  const { pathname } = new URL(root);
  return url.pathname.startsWith(pathname) && pathname !== '/' ? url.pathname.slice(pathname.length) : url.pathname;
}

function answerOf({ status, headers, bytes }: Exchanged, what: string): DocusignAnswer {
  return {
    status,
    headers,
    bytes,
    json() {
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
      } catch {
        throw new DocusignError('unreadable', `DocuSign’s answer to ${what} is not JSON`, { status });
      }
    },
  };
}
