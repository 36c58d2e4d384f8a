/**
 * How a deal comes by its envelope: drafted, made from a template, or taken over. Each activity may be cut off anywhere and run again: it looks
 * before it repeats.
 */
import { log } from '@temporalio/activity';
import { externalIdOf, idempotencyKeyOf, readExternalId } from '../deal/ids.js';
import type { Ledger } from '../deal/ledger.js';
import type { Party } from '../deal/party.js';
import type { FieldByAnchor, TemplatePolicy, Transport } from '../deal/policy.js';
import type { PinnedDocument } from '../deal/snapshot.js';
import type { DocumentSource, FetchedDocument } from '../documents/documents.js';
import {
  ProviderError,
  type CreatedEnvelope,
  type EnvelopeDocument,
  type EnvelopeReading,
  type SigningProvider,
  type TemplateFacts,
} from '../signing/provider.js';
import { refuse, translated } from './failures.js';
import { adoptEarlier, reserveSend, triedBefore, workflowOf, type StepTry } from './repeats.js';

export interface DraftingDeps {
  provider: SigningProvider;
  documents: DocumentSource;
  ledger: Ledger;
  /** Sends a day over all deals; null: as many as there are. */
  creditBudget: number | null;
  /** Where the provider reports events: `PUBLIC_URL` with the webhook's path. */
  webhookUrl: string;
}

export interface NewEnvelope extends StepTry {
  dealId: string;
  parties: Party[];
  metadata?: Record<string, string>;
  subject?: string;
  /** The envelope this one takes the place of. */
  replaces?: string;
}

export interface CreateEnvelope extends NewEnvelope {
  document: { uri: string };
  /** The version of the document that the deal is about. */
  pinned: PinnedDocument;
  transport: Transport;
  fields?: FieldByAnchor[];
}

export interface CreateFromTemplate extends NewEnvelope {
  template: TemplatePolicy | undefined;
  /** Texts by the template's own keys. */
  prefill: Record<string, string>;
}

/** An envelope of this deal's own making. */
export interface Made extends CreatedEnvelope {
  /** The API key that made it, as a fingerprint; null when an earlier try made it, since the key may have changed. */
  apiKeyId: string | null;
  /** Absent for documents. */
  templateVersion?: string;
  /** The policy lets it out without a review. */
  trusted?: boolean;
  sent?: boolean;
}

/** An envelope of somebody else's making, as it was when the deal took it over. */
export interface Adopted {
  reading: EnvelopeReading;
  /** Those of the deal, or the envelope's own where the deal names none. */
  parties: Party[];
}

export function createDraftingActivities({ provider, documents, ledger, creditBudget, webhookUrl }: DraftingDeps) {
  /** Fetches the document and checks that it can be read, before anything is made of it. Changes nothing. */
  async function pinDocument({ document }: { dealId: string; document: { uri: string } }): Promise<PinnedDocument> {
    return translated(async () => {
      const { kind, sha256, bytes } = await documents.fetch(document.uri);
      return { kind, sha256, bytes: bytes.length };
    });
  }

  /** Creates the draft of a revision, or finds the one an earlier try has made. */
  async function createEnvelope(draft: CreateEnvelope): Promise<Made> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const about = aboutOf(workflowId, draft);
      const earlier = triedBefore(draft) ? await adoptEarlier(provider, about.externalId) : undefined;
      if (earlier) return { envelopeId: earlier.envelopeId, reviewUrl: earlier.reviewUrl, apiKeyId: null };
      const created = await provider.createEnvelope(
        {
          ...(await carry(draft)),
          ...about,
          transport: draft.transport,
          ...(draft.fields && { fields: draft.fields }),
        },
        idempotencyKeyOf(workflowId, draft.revision, 'create', draft.turn),
      );
      log.info('envelope created', { envelope_id: created.envelopeId, revision: draft.revision });
      return { ...created, apiKeyId: provider.apiKeyId };
    });
  }

  /**
   * Makes the envelope of a revision from a template, or finds the one an earlier try has made. It goes out at once where the policy trusts
   * the template and a person has approved a contract of its present version before; otherwise it is a draft to review.
   */
  async function createFromTemplate(draft: CreateFromTemplate): Promise<Made> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const template = await fitting(draft);
      const templateVersion = `${template.id}@${template.version}`;
      // A person asked for a later revision, so a person sees what came of it.
      const mayTrust = draft.template?.trusted === true && draft.revision === 1;
      const trusted = mayTrust && (await ledger.isVouched(templateVersion));
      const about = aboutOf(workflowId, draft);
      const earlier = triedBefore(draft) ? await adoptEarlier(provider, about.externalId) : undefined;
      if (earlier) {
        const { envelopeId, reviewUrl, status } = earlier;
        return { envelopeId, reviewUrl, apiKeyId: null, templateVersion, trusted, sent: status !== 'draft' };
      }
      if (trusted) await reserveSend(ledger, creditBudget, about.externalId);
      const created = await provider.sendTemplate(
        { ...about, templateId: template.id, prefill: draft.prefill, autoSend: trusted },
        idempotencyKeyOf(workflowId, draft.revision, 'template-send', draft.turn),
      );
      log.info('envelope created', {
        envelope_id: created.envelopeId,
        revision: draft.revision,
        template: template.id,
      });
      return { ...created, apiKeyId: provider.apiKeyId, templateVersion, trusted, sent: trusted };
    });
  }

  /** Looks at an envelope that the deal is to take over. Changes nothing there, so it may run again. */
  async function adoptEnvelope(deal: { dealId: string; envelopeId: string; parties: Party[] }): Promise<Adopted> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const reading = await provider.readEnvelope(deal.envelopeId);
      const maker = reading.externalId === null ? undefined : readExternalId(reading.externalId);
      if (maker && maker.workflowId !== workflowId)
        throw refuse('envelope-taken', `it was made by the workflow ${maker.workflowId}`);
      log.info('envelope taken over', { envelope_id: deal.envelopeId, status: reading.status });
      return { reading, parties: deal.parties.length > 0 ? deal.parties : await partiesOf(deal.envelopeId) };
    });
  }

  async function partiesOf(envelopeId: string): Promise<Party[]> {
    const signers = (await provider.signers(envelopeId)) ?? [];
    if (signers.length === 0)
      throw refuse(
        'request-refused',
        'the provider does not tell who signs this envelope: amend the deal with its parties',
      );
    return signers.map((signer) => ({ ...signer, kind: 'signer' }));
  }

  function aboutOf(workflowId: string, draft: NewEnvelope) {
    const { metadata, replaces, parties, revision, dealId, subject } = draft;
    return {
      parties,
      webhookUrl,
      ...(subject !== undefined && { subject }),
      metadata: { ...metadata, ...(replaces !== undefined && { replaces }) },
      externalId: externalIdOf(workflowId, revision),
      clientReferenceId: dealId,
    };
  }

  /** The template, once it is sure that the deal fits it: every role filled, no text for a key it has not. */
  async function fitting({ template, parties, prefill }: CreateFromTemplate): Promise<TemplateFacts> {
    if (!template) throw refuse('document-unavailable', 'the deal has no document and its type no template');
    const facts = await provider.readTemplate(template.id).catch((error: unknown) => {
      if (!(error instanceof ProviderError) || error.kind !== 'not-found') throw error;
      throw refuse('template-refused', `the provider has no template ${template.id}`);
    });
    if (facts.ready === false) throw refuse('template-refused', `template ${template.id} is not signed off yet`);
    const filled = parties.filter(({ kind }) => kind === 'signer').map(({ role }) => role ?? '');
    const problems = [
      ...facts.roles.filter((role) => !filled.includes(role)).map((role) => `nobody has the role ${role}`),
      ...filled.filter((role) => !facts.roles.includes(role)).map((role) => `it has no role ${role || '(none)'}`),
      ...Object.keys(prefill)
        .filter((key) => !facts.prefillKeys.includes(key))
        .map((key) => `it has no prefill key ${key}`),
    ];
    if (new Set(filled).size < filled.length) problems.push('two signers have the same role');
    if (problems.length > 0) throw refuse('template-refused', `template ${template.id}: ${problems.join('; ')}`);
    return facts;
  }

  /** Enters that a person approved a contract of this version of a template. */
  async function vouchForTemplate({ templateVersion }: { dealId: string; templateVersion: string }): Promise<void> {
    await ledger.vouch(templateVersion);
  }

  async function carry(draft: CreateEnvelope): Promise<{ documentUrl: string } | { document: EnvelopeDocument }> {
    const { document, pinned, transport } = draft;
    if (transport === 'link') documents.checkLink(document.uri);
    const fetched = await documents.fetch(document.uri);
    if (fetched.sha256 !== pinned.sha256)
      throw refuse('document-changed', `its sha256 was ${pinned.sha256} and is ${fetched.sha256}`);
    return transport === 'link' ? { documentUrl: document.uri } : { document: named(fetched, draft.dealId) };
  }

  return { pinDocument, createEnvelope, createFromTemplate, adoptEnvelope, vouchForTemplate };
}

function named({ bytes, kind }: FetchedDocument, dealId: string): EnvelopeDocument {
  const contentType =
    kind === 'pdf' ? 'application/pdf' : 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  return { name: `contract-${dealId.replaceAll(/[^A-Za-z0-9-]/g, '-')}.${kind}`, contentType, bytes };
}
