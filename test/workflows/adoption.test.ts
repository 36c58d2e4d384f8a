/** Envelopes that somebody made at the provider without a deal, and that a deal takes over. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DealStart } from '../../src/deal/start.js';
import { aDealRunner, approve, signedByAll, what, type DealRunner } from '../support/deal-runner.js';
import { aDeal, anAdoption } from '../support/deals.js';
import type { PaperEnvelope, PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

const { parties } = aDeal();
const adopting =
  (over: Partial<DealStart> = {}) =>
  (dealId: string) =>
    anAdoption({ dealId, ...over });

function made(then: (envelope: PaperEnvelope, world: PaperWorld) => void = () => undefined) {
  return (world: PaperWorld) => then(world.adHoc(parties), world);
}

describe('an envelope that is there already', () => {
  it('as a draft is reviewed, sent, signed and filed like any other', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        await deal.update('review', approve);
        await deal.untilStage('out-for-signature');
        expect((await signedByAll(deal)).outcome).toBe('completed');
        const envelope = deal.world.only();
        expect(envelope.sends).toBe(1);
        expect(envelope.signers.map(({ email }) => email)).toEqual(parties.map(({ email }) => email));
        expect(deal.world.files.size).toBe(1);
        expect(deal.world.attachments).toHaveLength(1);
      },
      adopting(),
      made(),
    );
  });

  it('that is out is followed from there, at the signer whose turn it is', async () => {
    await deals.run(
      async (deal) => {
        const seen = await deal.untilStage('out-for-signature');
        expect(seen.parties.map(({ status }) => status)).toEqual(['signed', 'pending']);
        expect(seen.envelopeId).toBe('env-1');
        const result = await signedByAll(deal);
        expect(result).toMatchObject({ outcome: 'completed', envelopeId: 'env-1' });
        expect(deal.world.only().sends).toBe(1);
        expect(what(await deal.snapshot())).not.toContain('sent from the provider’s review page');
      },
      adopting(),
      made((envelope, world) => {
        world.sendFromPage(envelope, parties);
        world.sign(envelope);
      }),
    );
  });

  it('that is signed is filed and attached', async () => {
    await deals.run(
      async (deal) => {
        expect(await deal.result()).toMatchObject({ outcome: 'completed', signedPdf: { pages: 2 } });
        expect(deal.world.calls).not.toContain('sendEnvelope');
      },
      adopting(),
      made((envelope, world) => {
        world.sendFromPage(envelope, parties);
        world.sign(envelope);
        world.sign(envelope);
      }),
    );
  });

  it('that was voided ends the deal so', async () => {
    await deals.run(
      async (deal) => {
        expect(await deal.result()).toMatchObject({ outcome: 'voided', reason: 'wrong price' });
      },
      adopting(),
      made((envelope) => Object.assign(envelope, { status: 'voided', reason: 'wrong price' })),
    );
  });

  it('is voided when the deal is cancelled', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
        expect((await deal.result()).outcome).toBe('cancelled');
        expect(deal.world.only().status).toBe('voided');
      },
      adopting(),
      made(),
    );
  });

  it('of another deal stays as it is', async () => {
    await deals.run(
      async (deal) => {
        await deal.until(({ blocked }) => blocked?.reason === 'envelope-taken');
        await deal.update('cancel', { reason: 'a mistake', by: 'otto' });
        expect((await deal.result()).outcome).toBe('cancelled');
        expect(deal.world.only().status).toBe('draft');
        expect(deal.world.calls).not.toContain('voidEnvelope');
      },
      adopting(),
      (world) => world.adHoc(parties, 'deal-another/r1'),
    );
  });

  it('that the provider does not know blocks the deal, which goes on once it does', async () => {
    await deals.run(async (deal) => {
      await deal.until(({ blocked }) => blocked?.reason === 'envelope-missing');
      deal.world.adHoc(parties);
      await deal.update('resume', { by: 'otto' });
      await deal.untilStage('in-review');
    }, adopting());
  });

  it('whose parties the provider does not tell takes those of an amend', async () => {
    await deals.run(
      async (deal) => {
        await deal.until(({ blocked }) => blocked?.reason === 'request-refused');
        await deal.update('amend', { parties, by: 'otto', reason: 'the parties' });
        await deal.untilStage('in-review');
        expect(deal.world.only().status).toBe('draft');
        expect((await deal.snapshot()).parties).toHaveLength(2);
      },
      adopting(),
      made((envelope) => Object.assign(envelope, { signers: [] })),
    );
  });

  it('is replaced by a draft of the deal’s own when a document is amended', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        await deal.update('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'new price' });
        await deal.until(({ revision, stage }) => revision === 2 && stage === 'in-review');
        expect(deal.world.envelopes.map(({ status }) => status)).toEqual(['voided', 'draft']);
        expect((await deal.snapshot()).replaced).toMatchObject([{ envelopeId: 'env-1', why: 'new price' }]);
      },
      adopting(),
      made(),
    );
  });
});
