import { PROVIDERS, type ProviderName } from '../deal/policy.js';
import type { SigningProvider } from '../signing/provider.js';
import { createCrmActivities, type CrmDeps } from './crm.js';
import { createDraftingActivities, type DraftingDeps } from './drafting.js';
import { createEnvelopeActivities, type EnvelopeDeps } from './envelopes.js';
import { refuse, translated } from './failures.js';
import { createFilingActivities, type FilingDeps } from './filing.js';
import { createIntakeActivities, type IntakeDeps } from './intake.js';
import { createShadowActivities } from './shadow.js';

export type { EnvelopeReading } from '../signing/provider.js';

/** A provider that this worker has an account at, and where that reports its events: `PUBLIC_URL` with the webhook's path. */
export interface SigningAccount {
  provider: SigningProvider;
  webhookUrl: string;
}

export type SigningAccounts = Partial<Record<ProviderName, SigningAccount>>;

type Deps = DraftingDeps & EnvelopeDeps & FilingDeps & CrmDeps & IntakeDeps;

/** Everything the worker can do for a deal, by the name the workflow calls it. */
export function createActivities(
  deps: Omit<Deps, keyof SigningAccount> & {
    signing: SigningAccounts;
  },
) {
  const { signing, ...rest } = deps;
  const at = (account: SigningAccount) => ({
    ...createDraftingActivities({ ...rest, ...account }),
    ...createEnvelopeActivities({ ...rest, ...account }),
    ...createFilingActivities({ ...rest, ...account }),
  });
  const accounts = PROVIDERS.flatMap((name) => {
    const account = signing[name];
    if (!account) return [];
    const sets: Sets = {
      own: at(account),
      of: (tenant) => at({ ...account, provider: account.provider.forTenant(tenant) }),
    };
    return [[name, sets] as const];
  });
  return {
    ...byProvider(new Map(accounts)),
    ...createShadowActivities({ signing, documents: rest.documents, ledger: rest.ledger }),
    ...createCrmActivities(rest),
    ...createIntakeActivities(rest),
  };
}

interface Sets {
  own: ProviderActivities;
  of(tenant: string): ProviderActivities;
}

/** The same activities for whichever provider the deal goes by, and for whichever tenant. */
function byProvider(sets: ReadonlyMap<ProviderName, Sets>): AtProvider {
  const [known] = sets.values();
  if (!known) throw new Error('a worker needs an account at one provider at least');
  const names = Object.keys(known.own) as (keyof ProviderActivities)[];
  const dispatched: Partial<Record<keyof ProviderActivities, Dispatched>> = {};
  for (const name of names) {
    dispatched[name] = async (input) => {
      const { provider, tenant } = input;
      const at = sets.get(provider);
      if (!at) throw refuse('provider-missing', `the deal goes by ${provider}`);
      const set = tenant === undefined ? at.own : await translated(async () => at.of(tenant));
      const activity: (input: never) => Promise<unknown> = set[name];
      return activity(input as never);
    };
  }
  return dispatched as AtProvider;
}

type Dispatched = (input: DealAccount) => Promise<unknown>;

/** Where a deal's calls go, and for whom. */
export interface DealAccount {
  provider: ProviderName;
  tenant?: string;
}

type AtProvider = {
  [Name in keyof ProviderActivities]: (
    input: Parameters<ProviderActivities[Name]>[0] & DealAccount,
  ) => ReturnType<ProviderActivities[Name]>;
};

type ProviderActivities = ReturnType<typeof createDraftingActivities> &
  ReturnType<typeof createEnvelopeActivities> &
  ReturnType<typeof createFilingActivities>;

export type Activities = ReturnType<typeof createActivities>;
