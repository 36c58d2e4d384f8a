/** The ways a deal can go, each driven from start to end: what the recorded histories under test/histories/ hold. */
import { CrmError } from '../../src/crm/crm.js';
import { ProviderError } from '../../src/signing/provider.js';
import type { FinalStage } from '../../src/deal/stages.js';
import type { RunningDeal } from './deal-runner.js';
import type { PaperWorld } from './paper-world.js';

export interface Way {
  outcome: FinalStage;
  before?: (world: PaperWorld) => void;
  drive: (deal: RunningDeal) => Promise<void>;
}

const approve = { decision: 'approve', reviewer: 'rita' };

async function out(deal: RunningDeal): Promise<void> {
  await deal.untilStage('in-review');
  await deal.update('review', approve);
  await deal.untilStage('out-for-signature');
}

async function sign(deal: RunningDeal): Promise<void> {
  const envelope = deal.world.envelopes.at(-1);
  deal.world.sign(envelope);
  deal.world.sign(envelope);
  await deal.event('envelope.signed');
}

async function end(deal: RunningDeal, status: 'declined' | 'voided'): Promise<void> {
  Object.assign(deal.world.only(), { status, reason: 'price too high' });
  await deal.event(`envelope.${status}`);
}

export const WAYS: Record<string, Way> = {
  'approved-and-signed': {
    outcome: 'completed',
    async drive(deal) {
      await out(deal);
      await sign(deal);
    },
  },
  'sent-from-the-providers-page': {
    outcome: 'completed',
    async drive(deal) {
      await deal.untilStage('in-review');
      const envelope = deal.world.only();
      envelope.status = 'pending';
      envelope.parties = [
        { role: 'Customer', order: 1, status: 'pending' },
        { role: 'Company', order: 2, status: 'waiting' },
      ];
      await deal.event('envelope.sent');
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  declined: {
    outcome: 'declined',
    async drive(deal) {
      await out(deal);
      await end(deal, 'declined');
    },
  },
  'voided-at-the-provider': {
    outcome: 'voided',
    async drive(deal) {
      await out(deal);
      await end(deal, 'voided');
    },
  },
  cancelled: {
    outcome: 'cancelled',
    async drive(deal) {
      await out(deal);
      await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
    },
  },
  'cancelled-in-temporal': {
    outcome: 'cancelled',
    async drive(deal) {
      await deal.untilStage('in-review');
      await deal.handle.cancel();
    },
  },
  'rejected-and-amended': {
    outcome: 'completed',
    async drive(deal) {
      await deal.untilStage('in-review');
      await deal.signal('review', { decision: 'reject', reviewer: 'rita', note: 'wrong price' });
      await deal.until((seen) => seen.blocked !== null);
      await deal.signal('amend', { document: { uri: 'file:documents/v2.pdf' }, by: 'otto', reason: 'new price' });
      await deal.until((seen) => seen.revision === 2 && seen.stage === 'in-review');
      await deal.signal('review', approve);
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  'reissued-after-sending': {
    outcome: 'completed',
    async drive(deal) {
      await out(deal);
      await deal.signal('amend', { document: { uri: 'file:documents/v2.pdf' }, by: 'otto', reason: 'wrong address' });
      await deal.until((seen) => seen.revision === 2 && seen.stage === 'in-review');
      await deal.signal('review', approve);
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  'without-credits-then-resumed': {
    outcome: 'completed',
    before: (world) => {
      world.mishaps.push({ call: 'sendEnvelope', error: new ProviderError('payment-required', 'no credits') });
    },
    async drive(deal) {
      await deal.untilStage('in-review');
      await deal.signal('review', approve);
      await deal.until((seen) => seen.blocked !== null);
      await deal.signal('resume', { by: 'otto' });
      await deal.untilStage('out-for-signature');
      await deal.signal('remind', { by: 'otto' });
      await deal.until(() => deal.world.reminders === 1);
      await sign(deal);
    },
  },
  'through-outages': {
    outcome: 'completed',
    before: (world) => {
      world.mishaps.push(
        { call: 'createEnvelope', error: new ProviderError('unreachable', 'connection lost'), after: true },
        { call: 'record', error: new CrmError('unavailable', 'CRM away') },
        { call: 'downloadSigned', error: new ProviderError('unavailable', 'busy') },
      );
    },
    async drive(deal) {
      await out(deal);
      await sign(deal);
    },
  },
};
