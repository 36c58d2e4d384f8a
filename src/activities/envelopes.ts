/** The deal's dealings with the e-sign provider. Each activity may be cut off anywhere and run again: it looks before it repeats. */
import { activityInfo, ApplicationFailure, log } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { externalIdOf, idempotencyKeyOf } from '../deal/ids.js';
import type { Party } from '../deal/party.js';
import type { Transport } from '../deal/policy.js';
import type { FieldsStatus } from '../deal/snapshot.js';
import type { DocumentSource, FetchedDocument } from '../documents/documents.js';
import {
  ProviderError,
  type CreatedEnvelope,
  type EnvelopeDocument,
  type EnvelopeReading,
  type EnvelopeStatus,
  type SigningProvider,
} from '../signing/provider.js';
import { refuse, translated } from './failures.js';

export interface EnvelopeDeps {
  provider: SigningProvider;
  documents: DocumentSource;
  /** Where the provider reports events: `PUBLIC_URL` with the webhook's path. */
  webhookUrl: string;
}

/** Which step of which revision, and how often it was refused: what its idempotency key is made of. */
export interface StepTry {
  revision: number;
  turn: number;
  /** When the step was first tried, ISO 8601. */
  firstTried: string;
}

export interface CreateEnvelope extends StepTry {
  dealId: string;
  document: { uri: string };
  transport: Transport;
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

/** Atlas forgets idempotency keys after 24 h (notes, 9); an hour is left for the call itself. */
const KEY_LIFE_MS = 23 * 3_600_000;

/** What a second draft must never displace comes first: a contract that is signed or out. */
const ADOPTED_FIRST: readonly EnvelopeStatus[] = ['signed', 'pending', 'draft', 'unknown', 'declined', 'voided'];

/** Longest pause between two looks at a running detection. */
const DETECTION_PAUSE_MS = 30_000;

export function createEnvelopeActivities({ provider, documents, webhookUrl }: EnvelopeDeps) {
  /** Creates the draft of a revision, or finds the one an earlier try has made. */
  async function createEnvelope(draft: CreateEnvelope): Promise<CreatedEnvelope> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const externalId = externalIdOf(workflowId, draft.revision);
      if (triedBefore(draft)) {
        const earlier = await adoptEarlier(externalId);
        if (earlier) return earlier;
      }
      const created = await provider.createEnvelope(
        {
          ...(await carry(draft)),
          transport: draft.transport,
          parties: draft.parties,
          webhookUrl,
          externalId,
          clientReferenceId: draft.dealId,
        },
        idempotencyKeyOf(workflowId, draft.revision, 'create', draft.turn),
      );
      log.info('envelope created', { envelope_id: created.envelopeId, revision: draft.revision });
      return created;
    });
  }

  async function carry(draft: CreateEnvelope): Promise<{ documentUrl: string } | { document: EnvelopeDocument }> {
    if (draft.transport === 'link') {
      documents.checkLink(draft.document.uri);
      return { documentUrl: draft.document.uri };
    }
    return { document: named(await documents.fetch(draft.document.uri), draft.dealId) };
  }

  /** The envelope an earlier try made, if its answer was lost; surplus drafts are voided so that only one can ever be sent. */
  async function adoptEarlier(externalId: string): Promise<CreatedEnvelope | undefined> {
    const found = await provider.findEnvelopes(externalId);
    const kept = ADOPTED_FIRST.map((status) => found.find((reading) => reading.status === status)).find(Boolean);
    if (!kept) return undefined;
    for (const draft of found.filter((reading) => reading.status === 'draft' && reading !== kept)) {
      await provider.voidEnvelope(draft.envelopeId, 'duplicate draft');
      log.warn('surplus draft voided', { envelope_id: draft.envelopeId });
    }
    log.info('envelope created', { envelope_id: kept.envelopeId, adopted: true });
    return { envelopeId: kept.envelopeId, reviewUrl: kept.reviewUrl };
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

  /** The envelope as the provider has it now. */
  async function readEnvelope({ envelopeId }: { dealId: string; envelopeId: string }): Promise<EnvelopeReading> {
    return translated(() => provider.readEnvelope(envelopeId));
  }

  /** Sends the draft, unless it is out already or its fields are not the approved ones. */
  async function sendEnvelope(send: SendEnvelope): Promise<Sent> {
    return translated(async () => {
      const { workflowId } = workflowOf();
      const before = obstacle(await provider.readEnvelope(send.envelopeId), send);
      if (before) return before;
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

  return { createEnvelope, awaitFields, readEnvelope, sendEnvelope, voidEnvelope, remindSigner };
}

function workflowOf(): { workflowId: string } {
  const workflow = activityInfo().workflowExecution;
  if (!workflow) throw refuse('unexpected', 'this activity runs in a workflow only');
  return workflow;
}

/** Whether an earlier try may have reached the provider, so that it must be asked before anything is repeated. */
function triedBefore({ turn, firstTried }: StepTry): boolean {
  return activityInfo().attempt > 1 || turn > 0 || Date.now() - Date.parse(firstTried) > KEY_LIFE_MS;
}

function live({ status }: EnvelopeReading): boolean {
  return status !== 'signed' && status !== 'declined' && status !== 'voided';
}

function named({ bytes, kind }: FetchedDocument, dealId: string): EnvelopeDocument {
  const contentType =
    kind === 'pdf' ? 'application/pdf' : 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  return { name: `contract-${dealId.replaceAll(/[^A-Za-z0-9-]/g, '-')}.${kind}`, contentType, bytes };
}
