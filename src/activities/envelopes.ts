/** The deal's dealings with the e-sign provider. Each activity may be cut off anywhere and run again: it looks before it repeats. */
import { activityInfo, ApplicationFailure, log } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { Crm } from '../crm/crm.js';
import { externalIdOf, idempotencyKeyOf, readExternalId } from '../deal/ids.js';
import type { Ledger } from '../deal/ledger.js';
import type { Party } from '../deal/party.js';
import type { TemplatePolicy, Transport } from '../deal/policy.js';
import type { FieldsStatus } from '../deal/snapshot.js';
import type { DocumentSource, FetchedDocument } from '../documents/documents.js';
import {
  ProviderError,
  type CreatedEnvelope,
  type EnvelopeDocument,
  type EnvelopeReading,
  type EnvelopeStatus,
  type SigningProvider,
  type TemplateFacts,
} from '../signing/provider.js';
import { refuse, translated } from './failures.js';
import { adoptEarlier, reserveSend, triedBefore, workflowOf, type StepTry } from './repeats.js';

export interface EnvelopeDeps {
  provider: SigningProvider;
  documents: DocumentSource;
  crm: Pick<Crm, 'withdrawn'>;
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
  /** The envelope this one takes the place of. */
  replaces?: string;
}

export interface CreateEnvelope extends NewEnvelope {
  document: { uri: string };
  transport: Transport;
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

export interface SendEnvelope extends StepTry {
  dealId: string;
  envelopeId: string;
  parties: Party[];
  /** The version that was approved; null when the provider tells none. */
  fieldsVersion: number | null;
}

/** `conflict`: refused although nothing seems to stand in the way; worth one more try under a new key. */
export type Sent =
  | { kind: 'out'; status: EnvelopeStatus }
  | { kind: 'fields-changed'; fieldsVersion: number | null }
  | { kind: 'fields-pending' }
  | { kind: 'conflict' };

export interface FoundFields {
  status: EnvelopeStatus;
  fieldsStatus: FieldsStatus;
  fieldsVersion: number | null;
  detectionError: string | null;
}

/** Longest pause between two looks at a running detection. */
const DETECTION_PAUSE_MS = 30_000;

export function createEnvelopeActivities({ provider, documents, crm, ledger, creditBudget, webhookUrl }: EnvelopeDeps) {
  /** Creates the draft of a revision, or finds the one an earlier try has made. */
  async function createEnvelope(draft: CreateEnvelope): Promise<Made> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const about = aboutOf(workflowId, draft);
      const earlier = triedBefore(draft) ? await adoptEarlier(provider, about.externalId) : undefined;
      if (earlier) return { envelopeId: earlier.envelopeId, reviewUrl: earlier.reviewUrl, apiKeyId: null };
      const created = await provider.createEnvelope(
        { ...(await carry(draft)), ...about, transport: draft.transport },
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
    const { metadata, replaces, parties, revision, dealId } = draft;
    return {
      parties,
      webhookUrl,
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
    if (draft.transport === 'link') {
      documents.checkLink(draft.document.uri);
      return { documentUrl: draft.document.uri };
    }
    return { document: named(await documents.fetch(draft.document.uri), draft.dealId) };
  }

  /** Looks once whether the fields are found; while they are not, fails in a benign way so that Temporal looks again later. */
  async function awaitFields({ envelopeId }: { dealId: string; envelopeId: string }): Promise<FoundFields> {
    return translated(async () => {
      const { status, fieldsStatus, fieldsVersion, detectionError } = await provider.readEnvelope(envelopeId);
      const running = fieldsStatus === 'pending' || fieldsStatus === 'unknown';
      if (running && (status === 'draft' || status === 'unknown')) {
        const pause = Math.min(500 * 1.6 ** activityInfo().attempt, DETECTION_PAUSE_MS);
        throw ApplicationFailure.create({
          type: 'fields-pending',
          message: `Fields still being detected; looking again in ${Math.ceil(pause / 1000)} s`,
          nextRetryDelay: pause,
          category: ApplicationFailureCategory.BENIGN,
        });
      }
      return { status, fieldsStatus, fieldsVersion, detectionError };
    });
  }

  /** The envelope as the provider has it now, and why the CRM no longer wants it, if so. */
  async function readEnvelope(deal: {
    dealId: string;
    round: number;
    envelopeId: string;
  }): Promise<EnvelopeReading & { withdrawn: string | null }> {
    return translated(async () => {
      const [reading, withdrawn] = await Promise.all([
        provider.readEnvelope(deal.envelopeId),
        // The next look asks again; a CRM that is away must not hide what the provider says.
        crm.withdrawn(deal).catch(() => null),
      ]);
      return { ...reading, withdrawn };
    });
  }

  /** Sends the draft, unless it is out already or its fields are not the approved ones. */
  async function sendEnvelope(send: SendEnvelope): Promise<Sent> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const before = obstacle(await provider.readEnvelope(send.envelopeId), send);
      if (before) return before;
      await reserveSend(ledger, creditBudget, externalIdOf(workflowId, send.revision));
      try {
        await provider.sendEnvelope(
          send.envelopeId,
          { parties: send.parties, fieldsVersion: send.fieldsVersion },
          idempotencyKeyOf(workflowId, send.revision, 'send', send.turn),
        );
      } catch (error) {
        // Two causes share the 409 with no code to tell them apart (notes, 3): the envelope itself tells.
        if (!(error instanceof ProviderError) || error.kind !== 'conflict') throw error;
        return obstacle(await provider.readEnvelope(send.envelopeId), send) ?? { kind: 'conflict' };
      }
      log.info('envelope sent', { revision: send.revision });
      return { kind: 'out', status: 'pending' };
    });
  }

  function obstacle(now: EnvelopeReading, send: SendEnvelope): Sent | undefined {
    if (now.status === 'unknown' && triedBefore(send)) {
      throw refuse(
        'answer-unreadable',
        'the provider tells a status that is not known here, so a second send would be a guess',
      );
    }
    if (now.status !== 'draft' && now.status !== 'unknown') return { kind: 'out', status: now.status };
    if (now.fieldsStatus === 'pending') return { kind: 'fields-pending' };
    const changed =
      send.fieldsVersion !== null && now.fieldsVersion !== null && now.fieldsVersion !== send.fieldsVersion;
    return changed ? { kind: 'fields-changed', fieldsVersion: now.fieldsVersion } : undefined;
  }

  /**
   * Voids whatever a revision has at the provider and answers what became of it: `none` when nothing was there.
   * A contract that was signed or declined in the meantime stays so, and that is the answer.
   */
  async function voidEnvelope(order: {
    dealId: string;
    revision: number;
    /** Null when the answer to its creation never came: it is looked up. */
    envelopeId: string | null;
    reason: string;
  }): Promise<EnvelopeReading | null> {
    return translated(async () => {
      const found =
        order.envelopeId === null
          ? await provider.findEnvelopes(externalIdOf(workflowOf().workflowId, order.revision))
          : [await provider.readEnvelope(order.envelopeId)];
      let last: EnvelopeReading | null = null;
      for (const envelope of found) {
        const ended = live(envelope) ? await voidOne(envelope, order.reason) : envelope;
        if (last?.status !== 'signed') last = ended;
      }
      return last;
    });
  }

  async function voidOne(envelope: EnvelopeReading, reason: string): Promise<EnvelopeReading> {
    try {
      await provider.voidEnvelope(envelope.envelopeId, reason);
    } catch (error) {
      if (!(error instanceof ProviderError) || !['conflict', 'invalid', 'not-found'].includes(error.kind)) throw error;
      const now = await provider.readEnvelope(envelope.envelopeId);
      if (live(now)) throw refuse('void-refused', error.message);
      return now;
    }
    log.info('envelope voided', { envelope_id: envelope.envelopeId });
    return { ...envelope, status: 'voided' };
  }

  /** Nudges the signer whose turn it is. False when the provider will not: nobody's turn, or too soon after the last. */
  async function remindSigner({ envelopeId }: { dealId: string; envelopeId: string }): Promise<boolean> {
    return translated(async () => {
      try {
        await provider.remind(envelopeId);
        return true;
      } catch (error) {
        if (error instanceof ProviderError && ['conflict', 'invalid', 'rate-limited'].includes(error.kind))
          return false;
        throw error;
      }
    });
  }

  return {
    createEnvelope,
    createFromTemplate,
    adoptEnvelope,
    vouchForTemplate,
    awaitFields,
    readEnvelope,
    sendEnvelope,
    voidEnvelope,
    remindSigner,
  };
}

function live({ status }: EnvelopeReading): boolean {
  return status !== 'signed' && status !== 'declined' && status !== 'voided';
}

function named({ bytes, kind }: FetchedDocument, dealId: string): EnvelopeDocument {
  const contentType =
    kind === 'pdf' ? 'application/pdf' : 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  return { name: `contract-${dealId.replaceAll(/[^A-Za-z0-9-]/g, '-')}.${kind}`, contentType, bytes };
}
