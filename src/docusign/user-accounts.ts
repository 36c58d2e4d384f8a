/** The accounts that the login's user has, and where each is served from. DocuSign caps how often it may be asked, so an answer lasts an hour. */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { DocusignError, type DocusignAccountEntry } from './account.js';
import { isFine, type Wire } from './http.js';
import { loginFile, type Login } from './login.js';
import { jsonOf, refusalOf } from './refusals.js';
import type { DocusignSettings } from './settings.js';

const KEPT_MS = 3_600_000;
/** An account may be new; who asks for one that is not there must not use up the cap. */
const ASK_AGAIN_MS = 60_000;
const CALL_MS = 30_000;
const MAX_BYTES = 1024 * 1024;
const ROUTE = '/oauth/userinfo';

const keptSchema = z.object({
  /** Ms since 1970. */
  at: z.number(),
  accounts: z.array(z.object({ accountId: z.string(), name: z.string(), isDefault: z.boolean(), baseUri: z.string() })),
});
type Kept = z.infer<typeof keptSchema>;

const answerSchema = z.object({
  accounts: z.array(
    z.object({
      account_id: z.string(),
      account_name: z.string().nullish(),
      is_default: z.union([z.boolean(), z.stringbool()]).nullish(),
      base_uri: z.url(),
    }),
  ),
});

export interface UserAccounts {
  /** Throws `DocusignError`. */
  list(): Promise<DocusignAccountEntry[]>;
  /** The account with this id, or the default one; asks again before it says that there is none (`forbidden`). */
  find(accountId: string | null): Promise<DocusignAccountEntry>;
}

export interface UserAccountsParts {
  wire: Wire;
  login: Login;
  privateKey: KeyObject;
  now?: () => number;
}

export function openUserAccounts(
  settings: DocusignSettings,
  { wire, login, privateKey, now = Date.now }: UserAccountsParts,
): UserAccounts {
  const { userId, environment, urls } = settings;
  const file = loginFile(settings, 'accounts', privateKey, ['accounts', userId, environment, urls.auth]);
  let held: Kept | undefined;
  let asking: Promise<Kept> | undefined;

  async function kept(): Promise<Kept> {
    held ??= keptSchema.safeParse(await file.read()).data;
    if (held && held.at <= now() && now() < held.at + KEPT_MS) return held;
    return ask();
  }

  async function ask(): Promise<Kept> {
    held = { at: now(), accounts: await askUserInfo(settings, wire, login, true) };
    // Only spares the next process a call.
    await file.write(held).catch(() => undefined);
    return held;
  }

  const once = (work: () => Promise<Kept>): Promise<Kept> => {
    asking ??= work().finally(() => (asking = undefined));
    return asking;
  };

  return {
    list: async () => (await once(kept)).accounts,

    async find(accountId) {
      const { accounts, at } = await once(kept);
      const found = pick(accounts, accountId);
      if (found) return found;
      const fresh = now() - at < ASK_AGAIN_MS ? undefined : pick((await once(ask)).accounts, accountId);
      if (fresh) return fresh;
      throw new DocusignError(
        'forbidden',
        accountId === null
          ? 'the user of DOCUSIGN_USER_ID has no default account: set DOCUSIGN_ACCOUNT_ID'
          : 'DOCUSIGN_ACCOUNT_ID is none of the accounts that the user of DOCUSIGN_USER_ID belongs to',
      );
    },
  };
}

function pick(accounts: DocusignAccountEntry[], accountId: string | null): DocusignAccountEntry | undefined {
  if (accountId === null)
    return accounts.find(({ isDefault }) => isDefault) ?? (accounts.length === 1 ? accounts[0] : undefined);
  return accounts.find((account) => account.accountId.toLowerCase() === accountId.toLowerCase());
}

async function askUserInfo(
  settings: DocusignSettings,
  wire: Wire,
  login: Login,
  again: boolean,
): Promise<DocusignAccountEntry[]> {
  const { token } = await login.token();
  const answer = await wire.send({
    api: 'userinfo',
    method: 'GET',
    url: new URL(`${settings.urls.auth}${ROUTE}`),
    route: ROUTE,
    headers: { accept: 'application/json', authorization: `Bearer ${token}` },
    maxBytes: MAX_BYTES,
    withinMs: CALL_MS,
  });
  if (answer.status === 401 && again) {
    await login.refused(token);
    return askUserInfo(settings, wire, login, false);
  }
  if (!isFine(answer.status)) throw refusalOf({ what: `GET ${ROUTE}`, api: 'userinfo', ...answer }, Date.now());
  const parsed = answerSchema.safeParse(jsonOf(answer.bytes));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? 'body';
    throw new DocusignError('unreadable', `DocuSign’s answer to GET ${ROUTE} cannot be read: ${where}`);
  }
  return parsed.data.accounts.map((account) => ({
    accountId: account.account_id,
    name: account.account_name ?? '',
    isDefault: account.is_default ?? false,
    baseUri: account.base_uri.replace(/\/+$/, ''),
  }));
}
