/**
 * A draft that is made only to be compared: free, of no deal, told to nobody and never sent. Each activity may be cut off anywhere and run
 * again.
 */
import { log } from '@temporalio/activity';
import { externalIdOf } from '../deal/ids.js';
import type { Ledger } from '../deal/ledger.js';
import type { ProviderName } from '../deal/policy.js';
import {
  compareDrafts,
  countFields,
  placesOf,
  type Comparison,
  type DraftFacts,
  type ShadowStart,
} from '../deal/shadow.js';
import type { DocumentSource } from '../documents/documents.js';
import { ProviderError, type EnvelopeReading, type SigningProvider } from '../signing/provider.js';
import { createDraftingActivities } from './drafting.js';
import { refuse, translated, tryLater } from './failures.js';
import { workflowOf } from './repeats.js';

export interface ShadowDeps {
  signing: Partial<Record<ProviderName, { provider: SigningProvider }>>;
  documents: DocumentSource;
  ledger: Ledger;
}

export interface DraftShadow extends Pick<
  ShadowStart,
  'provider' | 'parties' | 'document' | 'pinned' | 'transport' | 'template' | 'prefill'
> {
  /** When it was first tried, ISO 8601. */
  firstTried: string;
}

export interface ComparedEnvelope {
  provider: ProviderName;
  envelopeId: string;
}

/** A shadow is one draft of one workflow. */
const REVISION = 1;

export function createShadowActivities({ signing, documents, ledger }: ShadowDeps) {
  /** Makes the draft, or finds the one that an earlier try has made. */
  async function draftShadow(draft: DraftShadow): Promise<{ envelopeId: string }> {
    const { workflowId } = workflowOf();
    const provider = unheard(providerOf(draft.provider));
    const drafting = createDraftingActivities({ provider, documents, ledger, creditBudget: null, webhookUrl: '' });
    const { document, pinned, transport, template, parties, firstTried } = draft;
    // The deal's own id at the provider would make the draft look like the deal's.
    const common = { dealId: workflowId, parties, revision: REVISION, turn: 0, firstTried };
    const { envelopeId } =
      document && pinned
        ? await drafting.createEnvelope({ ...common, document, pinned, transport })
        : await drafting.createFromTemplate({
            ...common,
            template: template && { ...template, trusted: false },
            prefill: draft.prefill ?? {},
          });
    return { envelopeId };
  }

  /** Compares the deal's own draft with the shadow as both are now. Changes nothing. */
  async function compareShadow(drafts: { deal: ComparedEnvelope; shadow: ComparedEnvelope }): Promise<Comparison> {
    return translated(async () => {
      const shadow = await factsOf(drafts.shadow);
      return compareDrafts(await factsOf(drafts.deal), shadow);
    });
  }

  /** Voids every draft of this shadow, also those whose creation was never answered. */
  async function takeShadowAway({ provider: name }: { provider: ProviderName }): Promise<void> {
    return translated(async () => {
      const provider = providerOf(name);
      const { workflowId } = workflowOf();
      for (const envelope of await provider.findEnvelopes(externalIdOf(workflowId, REVISION)))
        await takeAway(provider, envelope);
    });
  }

  function providerOf(name: ProviderName): SigningProvider {
    const account = signing[name];
    if (!account) throw refuse('provider-missing', `a draft is compared with one by ${name}`);
    return account.provider;
  }

  async function factsOf({ provider: name, envelopeId }: ComparedEnvelope): Promise<DraftFacts> {
    const provider = providerOf(name);
    const { parties } = await provider.readEnvelope(envelopeId);
    const fields = await provider.fields(envelopeId);
    return { fields: fields && countFields(fields), signers: parties && placesOf(parties) };
  }

  return { draftShadow, compareShadow, takeShadowAway };
}

async function takeAway(provider: SigningProvider, { envelopeId, status }: EnvelopeReading): Promise<void> {
  if (ended(status)) return;
  try {
    await provider.voidEnvelope(envelopeId, 'draft for comparison only');
  } catch (error) {
    if (!(error instanceof ProviderError) || !['conflict', 'invalid', 'not-found'].includes(error.kind)) throw error;
    const now = await provider.readEnvelope(envelopeId).catch((unread: unknown) => {
      if (unread instanceof ProviderError && unread.kind === 'not-found') return null;
      throw unread;
    });
    if (now && !ended(now.status)) throw tryLater('void-refused', 'the shadow draft cannot be voided yet');
  }
  log.info('shadow draft taken away', { envelope_id: envelopeId });
}

function ended(status: EnvelopeReading['status']): boolean {
  return status === 'voided' || status === 'declined' || status === 'signed';
}

/** The same provider, without a word to anybody of what becomes of its drafts. */
function unheard(provider: SigningProvider): SigningProvider {
  return {
    ...provider,
    createEnvelope: ({ webhookUrl: _unheard, ...draft }, key) => provider.createEnvelope(draft, key),
    sendTemplate: ({ webhookUrl: _unheard, ...draft }, key) =>
      provider.sendTemplate({ ...draft, autoSend: false }, key),
  };
}
