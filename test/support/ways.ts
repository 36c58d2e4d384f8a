/** The ways a deal can go, each driven from start to end: what the recorded histories under test/histories/ hold. */
import { CrmError } from '../../src/crm/crm.js';
import { ProviderError } from '../../src/signing/provider.js';
import type { FinalStage } from '../../src/deal/stages.js';
import type { DealStart } from '../../src/deal/start.js';
import type { RunningDeal } from './deal-runner.js';
import { aDeal, anAdoption, aPolicy, aTemplateDeal } from './deals.js';
import type { PaperWorld } from './paper-world.js';

export interface Way {
  outcome: FinalStage;
  /** By default a plain deal. */
  start?: (dealId: string) => DealStart;
  before?: (world: PaperWorld) => void;
  drive: (deal: RunningDeal) => Promise<void>;
}

const approve = { decision: 'approve', reviewer: 'rita' };
const DAY = 24 * 3_600_000;

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
  'amended-to-a-new-version-of-its-document': {
    outcome: 'completed',
    before(world) {
      // The first try reaches nobody; by the second the document is another one.
      world.mishaps.push({ call: 'createEnvelope', error: new ProviderError('unreachable', 'no answer') });
      world.onCall = (call) => {
        if (call === 'createEnvelope')
          world.documents.fetch = async () => ({ bytes: new Uint8Array(7), kind: 'pdf', sha256: 'y' });
      };
    },
    async drive(deal) {
      await deal.until(({ blocked }) => blocked?.reason === 'document-changed');
      await deal.update('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'new price' });
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
  'review-overdue-then-given': {
    outcome: 'completed',
    start: (dealId) => aDeal({ dealId, policy: aPolicy({ reviewSlaMs: DAY }) }),
    async drive(deal) {
      await deal.untilStage('in-review');
      await deal.pass('2 days');
      await out(deal);
      await sign(deal);
    },
  },
  'reminded-and-expired': {
    outcome: 'expired',
    start: (dealId) =>
      aDeal({
        dealId,
        policy: aPolicy({ reminders: { firstMs: DAY, everyMs: DAY, max: 2 }, expireAfterMs: 5 * DAY }),
      }),
    drive: out,
  },
  'learned-by-reading-back': {
    outcome: 'completed',
    async drive(deal) {
      await deal.untilStage('in-review');
      deal.world.sendFromPage(deal.world.only(), deal.start.parties);
      await deal.pass('1 hour');
      await deal.untilStage('out-for-signature');
      deal.world.sign();
      deal.world.sign();
    },
  },
  'detected-late': {
    outcome: 'completed',
    before: (world) => void (world.detection.fieldsStatus = 'pending'),
    async drive(deal) {
      await deal.untilStage('detecting');
      await deal.event('envelope.voided', 'env-1');
      await deal.until(() => deal.world.calls.filter((call) => call === 'readEnvelope').length > 2);
      deal.world.only().fieldsStatus = 'recovered_empty';
      await deal.pass('1 minute');
      await out(deal);
      await sign(deal);
    },
  },
  'cancelled-while-detecting': {
    outcome: 'cancelled',
    before: (world) => void (world.detection.fieldsStatus = 'pending'),
    async drive(deal) {
      await deal.untilStage('detecting');
      await deal.signal('cancel', { reason: 'deal lost', by: 'otto' });
    },
  },
  'from-a-template': {
    outcome: 'completed',
    start: (dealId) => aTemplateDeal(true, { dealId }),
    async drive(deal) {
      await out(deal);
      await sign(deal);
    },
  },
  'from-a-trusted-template': {
    outcome: 'completed',
    start: (dealId) => aTemplateDeal(true, { dealId }),
    before: (world) => void world.ledger.vouch('tmpl_1@v1'),
    async drive(deal) {
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  'over-the-credit-budget': {
    outcome: 'completed',
    before: (world) => void (world.creditBudget = 0),
    async drive(deal) {
      await deal.untilStage('in-review');
      await deal.update('review', approve);
      await deal.until((seen) => seen.blocked !== null);
      deal.world.ledger.reserveSend = async () => true;
      await deal.pass('2 hours');
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  'withdrawn-in-the-crm': {
    outcome: 'cancelled',
    async drive(deal) {
      await out(deal);
      deal.world.withdrawn = 'moved back';
    },
  },
  'deleted-from-the-crm': {
    outcome: 'cancelled',
    before: (world) => {
      world.onCall = (call) => {
        if (call === 'record') throw new CrmError('gone', 'HTTP 410');
      };
    },
    drive: async () => undefined,
  },
  'taken-over-while-out': {
    outcome: 'completed',
    start: (dealId) => anAdoption({ dealId }),
    before: (world) => {
      const { parties } = aDeal();
      world.sendFromPage(world.adHoc(parties), parties);
    },
    async drive(deal) {
      await deal.untilStage('out-for-signature');
      await sign(deal);
    },
  },
  /** Its last run is what is recorded: it begins with what an earlier one handed over. */
  'out-for-months': {
    outcome: 'completed',
    start: (dealId) => aDeal({ dealId, policy: aPolicy({ reminders: { firstMs: DAY, everyMs: DAY, max: 1000 } }) }),
    async drive(deal) {
      await out(deal);
      await deal.pass('85 days');
      await sign(deal);
    },
  },
};
