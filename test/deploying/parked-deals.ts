/** Deals that stand still wherever a deal can, until a test lets them go on; all in one paper world, whichever build carries them. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { CrmError } from '../../src/crm/crm.js';
import { workflowIdOf } from '../../src/deal/ids.js';
import { DEAL_QUERY, EVENT_SIGNAL, WORKFLOW_TYPE } from '../../src/deal/messages.js';
import type { DealResult, DealSnapshot } from '../../src/deal/snapshot.js';
import { DocumentError } from '../../src/documents/documents.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aDeal } from '../support/deals.js';
import { aPaperWorld, type PaperEnvelope, type PaperWorld } from '../support/paper-world.js';
import { QUEUE } from './deployment.js';

/** Every stage that an open deal can be in; those marked stand blocked there. */
export const PLACES = [
  'preparing (blocked)',
  'detecting',
  'in-review',
  'in-review (blocked)',
  'sending (blocked)',
  'out-for-signature',
  'filing (blocked)',
] as const;
export type Place = (typeof PLACES)[number];

export interface ParkedDeal {
  dealId: string;
  place: Place;
  handle: WorkflowHandle;
  envelopes(): PaperEnvelope[];
  /** Goes on from where it is parked, over all steps that are left, to its end. */
  finish(): Promise<DealResult>;
}

export interface Parking {
  world: PaperWorld;
  /** Starts a deal and waits until it stands at `place`. */
  park(dealId: string, place: Place): Promise<ParkedDeal>;
}

export function aParking(client: Client, signedPdf: Uint8Array): Parking {
  const world = aPaperWorld(signedPdf);
  const held = new Map<string, Place>();

  const documents = { ...world.documents };
  world.documents.fetch = async (...args) => {
    const dealId = /([^/:]+)\.pdf$/.exec(args[0])?.[1] ?? '';
    if (held.get(dealId) === 'preparing (blocked)') throw new DocumentError('missing', 'no such document');
    return documents.fetch(...args);
  };
  const dealOf = (envelopeId: string) =>
    /^deal-(.+)\/r1$/.exec(world.envelopes.find((found) => found.envelopeId === envelopeId)?.externalId ?? '')?.[1] ??
    '';
  const provider = { ...world.provider };
  world.provider.readEnvelope = async (envelopeId) => {
    const reading = await provider.readEnvelope(envelopeId);
    return held.get(dealOf(envelopeId)) === 'detecting' ? { ...reading, fieldsStatus: 'pending' } : reading;
  };
  world.provider.sendEnvelope = async (envelopeId, request, key) => {
    if (held.get(dealOf(envelopeId)) === 'sending (blocked)')
      throw new ProviderError('payment-required', 'no credits', { status: 402, envelopeId });
    return provider.sendEnvelope(envelopeId, request, key);
  };
  const crm = { ...world.crm };
  world.crm.attach = async (deal, ...rest) => {
    if (held.get(deal.dealId) === 'filing (blocked)') throw new CrmError('refused', 'the record is locked');
    return crm.attach(deal, ...rest);
  };

  async function park(dealId: string, place: Place): Promise<ParkedDeal> {
    held.set(dealId, place);
    const workflowId = workflowIdOf(dealId);
    const handle = await client.workflow.start(WORKFLOW_TYPE, {
      workflowId,
      taskQueue: QUEUE,
      args: [aDeal({ dealId, document: { uri: `file:${dealId}.pdf` } })],
      memo: { dealId, round: 1 },
    });
    const envelopes = () => world.envelopes.filter(({ externalId }) => externalId === `${workflowId}/r1`);
    const until = async (stage: DealSnapshot['stage'], blocked: boolean): Promise<void> => {
      const deadline = Date.now() + 90_000;
      for (;;) {
        const snapshot = await handle.query<DealSnapshot>(DEAL_QUERY);
        if (snapshot.stage === stage && (snapshot.blocked !== null) === blocked) return;
        if (Date.now() > deadline) throw new Error(`${dealId} never got to ${stage}: it is in ${snapshot.stage}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };
    const approve = () => handle.signal('review', { decision: 'approve', reviewer: 'rita' });
    const reject = () => handle.signal('review', { decision: 'reject', reviewer: 'rita', note: 'wrong price' });
    const sign = async (): Promise<void> => {
      const [envelope] = envelopes();
      while (envelope?.status === 'pending') world.sign(envelope);
      const event = { event: 'envelope.signed', receivedAt: '2026-01-05T09:00:00Z', deliveryId: 'd' };
      await handle.signal(EVENT_SIGNAL, { ...event, envelopeId: envelope?.envelopeId });
    };

    switch (place) {
      case 'preparing (blocked)':
        await until('preparing', true);
        break;
      case 'detecting':
        await until('detecting', false);
        break;
      default:
        await until('in-review', false);
        if (place === 'in-review') break;
        await (place === 'in-review (blocked)' ? reject() : approve());
        if (place === 'in-review (blocked)') await until('in-review', true);
        else if (place === 'sending (blocked)') await until('sending', true);
        else {
          await until('out-for-signature', false);
          if (place === 'out-for-signature') break;
          await sign();
          await until('filing', true);
        }
    }

    const finish = async (): Promise<DealResult> => {
      held.delete(dealId);
      if (place === 'in-review (blocked)') await approve();
      else if (place.endsWith('(blocked)')) await handle.signal('resume', { by: 'otto' });
      if (place === 'preparing (blocked)' || place === 'detecting' || place === 'in-review') {
        await until('in-review', false);
        await approve();
      }
      if (place !== 'filing (blocked)') {
        await until('out-for-signature', false);
        await sign();
      }
      return handle.result() as Promise<DealResult>;
    };
    return { dealId, place, handle, envelopes, finish };
  }

  return { world, park };
}
