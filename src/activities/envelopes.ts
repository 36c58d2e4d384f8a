/** What becomes of an envelope that is there: looked at, sent, voided, reminded of. Each activity may be cut off anywhere and run again. */
import { activityInfo, ApplicationFailure, log } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { Crm } from '../crm/crm.js';
import { externalIdOf, idempotencyKeyOf } from '../deal/ids.js';
import type { Ledger } from '../deal/ledger.js';
import type { Party } from '../deal/party.js';
import type { FieldsStatus } from '../deal/snapshot.js';
import { ProviderError, type EnvelopeReading, type EnvelopeStatus, type SigningProvider } from '../signing/provider.js';
import { refuse, translated } from './failures.js';
import { reserveSend, triedBefore, workflowOf, type StepTry } from './repeats.js';

export interface EnvelopeDeps {
  provider: SigningProvider;
  crm: Pick<Crm, 'withdrawn'>;
  ledger: Ledger;
  /** Sends a day over all deals; null: as many as there are. */
  creditBudget: number | null;
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

export function createEnvelopeActivities({ provider, crm, ledger, creditBudget }: EnvelopeDeps) {
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
        // Two causes share the 409 with no code to tell them apart (Atlas notes 3): the envelope itself tells.
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
