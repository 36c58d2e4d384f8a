import { PROVIDERS, type ProviderName } from '../deal/policy.js';
import type { SigningProvider } from '../signing/provider.js';
import { createCrmActivities, type CrmDeps } from './crm.js';
import { createDraftingActivities, type DraftingDeps } from './drafting.js';
import { createEnvelopeActivities, type EnvelopeDeps } from './envelopes.js';
import { refuse } from './failures.js';
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
    return account ? [[name, at(account)] as const] : [];
  });
  return {
    ...byProvider(new Map(accounts)),
    ...createShadowActivities({ signing, documents: rest.documents, ledger: rest.ledger }),
    ...createCrmActivities(rest),
    ...createIntakeActivities(rest),
  };
}

/** The same activities for whichever provider the deal goes by. */
function byProvider(sets: ReadonlyMap<ProviderName, ProviderActivities>): AtProvider {
  const [known] = sets.values();
  if (!known) throw new Error('a worker needs an account at one provider at least');
  const names = Object.keys(known) as (keyof ProviderActivities)[];
  const dispatched: Partial<Record<keyof ProviderActivities, Dispatched>> = {};
  for (const name of names) {
    dispatched[name] = async (input) => {
      const set = sets.get(input.provider);
      if (!set) throw refuse('provider-missing', `the deal goes by ${input.provider}`);
      const activity: (input: never) => Promise<unknown> = set[name];
      return activity(input as never);
    };
  }
  return dispatched as AtProvider;
}

type Dispatched = (input: { provider: ProviderName }) => Promise<unknown>;

type AtProvider = {
  [Name in keyof ProviderActivities]: (
    input: Parameters<ProviderActivities[Name]>[0] & { provider: ProviderName },
  ) => ReturnType<ProviderActivities[Name]>;
};

type ProviderActivities = ReturnType<typeof createDraftingActivities> &
  ReturnType<typeof createEnvelopeActivities> &
  ReturnType<typeof createFilingActivities>;

export type Activities = ReturnType<typeof createActivities>;
