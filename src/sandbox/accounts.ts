import { createHash } from 'node:crypto';
import type { Account, ApiKey, Envelope } from './model.js';
import { Refusal } from './refusal.js';
import type { Store } from './store.js';

/** An accepted key and the organisation it acts for. Written `key` (an organisation of its own) or `key@organisation`. */
export interface KeyGrant {
  key: string;
  organisation: string;
  platform?: boolean;
}

export function parseKeys(list: string): KeyGrant[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.lastIndexOf('@');
      return at > 0
        ? { key: entry.slice(0, at), organisation: entry.slice(at + 1) }
        : { key: entry, organisation: entry };
    });
}

/** Who may call, and what they have left. One credit is one send; five are free (Atlas notes 15). */
export class Accounts {
  private readonly accepted = new Map<string, ApiKey>();

  constructor(
    grants: KeyGrant[],
    credits: number,
    private readonly store: Store,
  ) {
    store.transact(() => {
      for (const { key, organisation, platform = false } of grants) {
        const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
        const record: ApiKey = { id, key, organisation, platform };
        this.accepted.set(key, record);
        store.keys.put(record);
        if (store.accounts.get(organisation) === undefined) {
          store.accounts.put({ id: organisation, credits, spent: 0, refunded: 0, suspended: false });
        }
      }
    });
  }

  /** The key behind an `Authorization` header; 401 otherwise. */
  authenticate(authorization: string | undefined): ApiKey {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    const key = token === undefined ? undefined : this.accepted.get(token.trim());
    if (key === undefined) throw new Refusal(401, 'unauthorized', 'A valid API key is required as a bearer token');
    return key;
  }

  /** The key as the `Atlas-Account` header has it act: 400 for a profile key, 403 for an account that is not the platform's. */
  actingFor(key: ApiKey, header: string | undefined): ApiKey {
    if (header === undefined) return key;
    if (key.platform !== true)
      throw new Refusal(400, 'atlas_account_not_allowed', 'A profile key must not send Atlas-Account');
    const account = this.connectedTo(key.organisation).find(
      ({ id, connected }) => header === id || header === `ext_${connected?.externalId}`,
    );
    // Which status Atlas gives is not documented; 404 would read as "no such envelope".
    if (account === undefined) throw new Refusal(403, 'unknown_account', 'There is no such connected account');
    return { ...key, organisation: account.id };
  }

  connectedTo(platform: string): Account[] {
    return [...this.store.accounts.all()].filter(({ connected }) => connected?.platform === platform);
  }

  private payerOf(account: Account): Account {
    return account.connected?.billing === 'platform_pays' ? this.account(account.connected.platform) : account;
  }

  organisationOf(key: string): string | null {
    return this.accepted.get(key)?.organisation ?? null;
  }

  /** Another key of the same organisation than this one, the first that was granted; a made-up one where there is none. */
  otherKey(keyId: string): string {
    const key = this.store.keys.get(keyId);
    const other = this.keys().find(({ id, organisation }) => id !== keyId && organisation === key?.organisation);
    return other?.key ?? `${key?.key ?? ''}-old`;
  }

  keys(): ApiKey[] {
    return [...this.accepted.values()];
  }

  account(organisation: string): Account {
    const account = this.store.accounts.get(organisation);
    if (account === undefined) throw new Error(`no account ${organisation}`);
    return account;
  }

  /** 402 with nothing left, 403 when suspended: drafts still work then (Atlas notes 16). */
  checkMaySend(organisation: string): void {
    const account = this.account(organisation);
    if (account.suspended) throw new Refusal(403, 'account_suspended', 'This account is suspended');
    if (this.payerOf(account).credits < 1)
      throw new Refusal(402, 'credits_exhausted', 'No credits left: top up to send');
  }

  /** Takes a credit, or refuses as `checkMaySend`. Inside a transaction. */
  spend(organisation: string): void {
    this.checkMaySend(organisation);
    const account = this.payerOf(this.account(organisation));
    account.credits -= 1;
    account.spent += 1;
    this.store.accounts.put(account);
  }

  /** Gives the credit of a void with nobody signed back, once (Atlas notes 10). Inside a transaction. */
  refund(envelope: Envelope): void {
    const account = this.payerOf(this.account(envelope.organisation));
    account.credits += 1;
    account.refunded += 1;
    envelope.creditRefunded = true;
    this.store.accounts.put(account);
  }
}
