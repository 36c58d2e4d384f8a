/** Contracts from templates: what goes in, and when they may go out without a review. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/signing/provider.js';
import { aDealRunner, approve, outForSignature, what, type DealRunner } from '../support/deal-runner.js';
import { aTemplateDeal } from '../support/deals.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

const trusted = (dealId: string) => aTemplateDeal(true, { dealId });
const untrusted = (dealId: string) => aTemplateDeal(false, { dealId });

describe('a contract from a template', () => {
  it('that is not trusted is drafted with the deal’s own texts and reviewed', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      expect(deal.world.only().draft).toMatchObject({
        templateId: 'tmpl_1',
        autoSend: false,
        prefill: { customer_name: 'Customer Ltd' },
      });
      expect(deal.world.only().sends).toBe(1);
      expect(await deal.world.ledger.isVouched('tmpl_1@v1')).toBe(false);
    }, untrusted);
  });

  it('that is trusted is still reviewed when it is the first of its version, and vouches for the next', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      expect(deal.world.only().draft).toMatchObject({ autoSend: false });
      await expect.poll(() => deal.world.ledger.isVouched('tmpl_1@v1')).toBe(true);
    }, trusted);
  });

  it('that is trusted and of a version somebody approved goes out at once, for one credit', async () => {
    await deals.run(
      async (deal) => {
        const out = await deal.untilStage('out-for-signature');
        expect(deal.world.only()).toMatchObject({ sends: 1, draft: { autoSend: true } });
        expect(deal.world.calls).not.toContain('sendEnvelope');
        expect(out.credits).toEqual({ spent: 1, refunded: 0 });
        expect(what(out)).toContain('approved by policy: the template’s version tmpl_1@v1 is trusted');
        expect(deal.world.records.map(({ stage }) => stage)).toEqual(['out-for-signature']);
        expect(deal.world.records[0]?.envelopeId).toBe('env-1');
      },
      trusted,
      (world) => void world.ledger.vouch('tmpl_1@v1'),
    );
  });

  it('of a version nobody has approved yet is reviewed, although an earlier version was', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        expect(deal.world.only().sends).toBe(0);
      },
      trusted,
      (world) => void world.ledger.vouch('tmpl_1@v0'),
    );
  });

  it('is reviewed again after an amend, whatever is trusted', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('out-for-signature');
        await deal.signal('amend', { parties: deal.start.parties, by: 'otto', reason: 'address' });
        await deal.until(({ revision, stage }) => revision === 2 && stage === 'in-review');
        expect(deal.world.envelopes.map(({ status }) => status)).toEqual(['voided', 'draft']);
      },
      trusted,
      (world) => void world.ledger.vouch('tmpl_1@v1'),
    );
  });

  it('whose send was lost on the way back is found and not sent again', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('out-for-signature');
        expect(deal.world.only().sends).toBe(1);
        expect((await deal.snapshot()).credits).toEqual({ spent: 1, refunded: 0 });
      },
      trusted,
      (world) => {
        void world.ledger.vouch('tmpl_1@v1');
        world.mishaps.push({ call: 'sendTemplate', error: new ProviderError('unreachable', 'cut off'), after: true });
      },
    );
  });

  it('that left only a draft behind, for want of credits, is sent and not made again', async () => {
    await deals.run(
      async (deal) => {
        await deal.until(({ blocked }) => blocked?.reason === 'credits-exhausted');
        await deal.world.provider.sendTemplate(
          {
            templateId: 'tmpl_1',
            parties: deal.start.parties,
            prefill: {},
            autoSend: false,
            webhookUrl: 'https://x.example',
            externalId: `deal-${deal.start.dealId}/r1`,
            clientReferenceId: deal.start.dealId,
          },
          'kept by the provider',
        );
        await deal.signal('resume', { by: 'otto' });
        await deal.untilStage('out-for-signature');
        expect(deal.world.only().sends).toBe(1);
      },
      trusted,
      (world) => {
        void world.ledger.vouch('tmpl_1@v1');
        world.mishaps.push({ call: 'sendTemplate', error: new ProviderError('payment-required', 'no credits') });
      },
    );
  });
});

describe('a template that', () => {
  it.each([
    ['has a role nobody has', { roles: ['Customer', 'Company', 'Witness'] }, 'nobody has the role Witness'],
    ['lacks the role of a signer', { roles: ['Customer'] }, 'it has no role Company'],
    ['has no place for a text', { prefillKeys: [] }, 'it has no prefill key customer_name'],
    ['is not signed off', { ready: false }, 'is not signed off yet'],
    ['does not exist', { id: 'other' }, 'the provider has no template tmpl_1'],
  ])('%s blocks the deal, which goes on once it is mended', async (_why, change, words) => {
    await deals.run(
      async (deal) => {
        const { blocked } = await deal.until((shown) => shown.blocked !== null);
        expect(blocked).toMatchObject({ reason: 'template-refused', detail: expect.stringContaining(words) as string });
        expect(deal.world.envelopes).toEqual([]);
        deal.world.templates = [
          { id: 'tmpl_1', version: 'v2', roles: ['Customer', 'Company'], prefillKeys: ['customer_name'], ready: true },
        ];
        await deal.signal('resume', { by: 'otto' });
        await deal.untilStage('in-review');
        await deal.update('review', approve);
        await deal.untilStage('out-for-signature');
      },
      untrusted,
      (world) => Object.assign(world.templates[0] ?? {}, change),
    );
  });
});
