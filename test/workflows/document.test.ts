/** The version of its document that a deal is about. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DocumentError } from '../../src/documents/documents.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aDealRunner, type DealRunner } from '../support/deal-runner.js';
import type { PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

/** What is at the deal's uri from now on. */
function put(world: PaperWorld, sha256: string): void {
  world.documents.fetch = async () => ({ bytes: new Uint8Array(7), kind: 'pdf', sha256 });
}

describe('the document of a deal', () => {
  it('is pinned before anything is made of it, and shown by its sha256', async () => {
    await deals.run(async (deal) => {
      const seen = await deal.untilStage('in-review');
      expect(seen.document).toEqual({ kind: 'pdf', sha256: 'x', bytes: expect.any(Number) as unknown });
      expect(seen.timeline.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^document pinned: pdf/));
    });
  });

  it('that has changed before the draft was made stops the deal, until its first version is back', async () => {
    await deals.run(
      async (deal) => {
        const blocked = await deal.until((seen) => seen.blocked?.reason === 'document-changed');
        expect(blocked.blocked?.detail).toBe('its sha256 was x and is y');
        expect(deal.world.envelopes).toEqual([]);
        put(deal.world, 'x');
        await deal.update('resume', { by: 'otto' });
        expect((await deal.untilStage('in-review')).document?.sha256).toBe('x');
      },
      {},
      (world) => {
        // The first try reaches nobody; by the second the document is another one.
        world.mishaps.push({ call: 'createEnvelope', error: new ProviderError('unreachable', 'no answer') });
        world.onCall = (call) => void (call === 'createEnvelope' && put(world, 'y'));
      },
    );
  });

  it('that has changed is taken in its new version by an amend, which the timeline shows', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      put(deal.world, 'y');
      const uri = deal.start.document?.uri ?? '';
      await deal.update('amend', { document: { uri }, by: 'otto', reason: 'new price' });
      const seen = await deal.until(({ stage, revision }) => stage === 'in-review' && revision === 2);
      expect(seen.document?.sha256).toBe('y');
      const pins = seen.timeline.filter(({ what }) => what.startsWith('document pinned'));
      expect(pins.map(({ what }) => what.slice(-1))).toEqual(['x', 'y']);
    });
  });

  it('that has changed does not slip in with an amend of the parties alone', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      put(deal.world, 'y');
      await deal.update('amend', { parties: deal.start.parties, by: 'otto', reason: 'wrong address' });
      const blocked = await deal.until((seen) => seen.blocked?.reason === 'document-changed');
      expect(blocked.revision).toBe(2);
      expect(deal.world.envelopes.map(({ status }) => status)).toEqual(['voided']);
    });
  });

  it('that cannot be read stops the deal before a draft is made', async () => {
    await deals.run(
      async (deal) => {
        await deal.until((seen) => seen.blocked?.reason === 'document-refused');
        expect(deal.world.calls).not.toContain('createEnvelope');
        await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
        expect((await deal.result()).outcome).toBe('cancelled');
        expect(deal.world.calls).not.toContain('findEnvelopes');
      },
      {},
      (world) => {
        world.documents.fetch = () => Promise.reject(new DocumentError('refused', 'The PDF is encrypted.'));
      },
    );
  });
});
