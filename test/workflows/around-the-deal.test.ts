/** What surrounds a deal: credits and their budget, a CRM that changes its mind, envelopes that replace each other, signers who hand on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrmError } from '../../src/crm/crm.js';
import { aDealRunner, approve, outForSignature, signedByAll, what, type DealRunner } from '../support/deal-runner.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

describe('credits', () => {
  it('are counted when spent and when given back', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      await deal.update('cancel', { reason: 'lost', by: 'otto' });
      expect(await deal.result()).toMatchObject({ outcome: 'cancelled', credits: { spent: 1, refunded: 1 } });
    });
  });

  it('are not given back once somebody has signed', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.sign();
      await deal.update('cancel', { reason: 'lost', by: 'otto' });
      expect(await deal.result()).toMatchObject({ outcome: 'cancelled', credits: { spent: 1, refunded: 0 } });
    });
  });

  it('cost nothing for a draft that is voided', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      await deal.update('cancel', { reason: 'lost', by: 'otto' });
      expect(await deal.result()).toMatchObject({ credits: { spent: 0, refunded: 0 } });
    });
  });

  it('over the budget of the day park the send, which goes out by itself when there is room', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        await deal.update('review', approve);
        const { blocked, stage } = await deal.until((shown) => shown.blocked !== null);
        expect([stage, blocked?.reason]).toEqual(['sending', 'credit-budget']);
        expect(deal.world.only().sends).toBe(0);
        deal.world.creditBudget = 1;
        deal.world.ledger.reserveSend = async () => true;
        await deals.env.sleep('61 minutes');
        await deal.untilStage('out-for-signature');
        expect(deal.world.only().sends).toBe(1);
      },
      {},
      (world) => {
        world.creditBudget = 1;
        void world.ledger.reserveSend({ send: 'another deal', budget: 1 });
      },
    );
  });
});

describe('a CRM that takes the deal back', () => {
  it.each(['in-review', 'out-for-signature'] as const)(
    'while it is %s ends it cancelled, with the envelope voided',
    async (stage) => {
      await deals.run(async (deal) => {
        await (stage === 'in-review' ? deal.untilStage(stage) : outForSignature(deal));
        deal.world.withdrawn = 'moved back to negotiation';
        const result = await deal.result();
        expect(result).toMatchObject({
          outcome: 'cancelled',
          reason: 'withdrawn in the CRM: moved back to negotiation',
        });
        expect(deal.world.only().status).toBe('voided');
        expect(deal.world.records.at(-1)?.stage).toBe('cancelled');
      });
    },
  );

  it('comes too late for a contract that is signed', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.withdrawn = 'lost';
      expect((await signedByAll(deal)).outcome).toBe('completed');
    });
  });

  it('by deleting it ends the deal, although nothing is left to write to', async () => {
    await deals.run(
      async (deal) => {
        const result = await deal.result();
        expect(result).toMatchObject({ outcome: 'cancelled', reason: 'the CRM no longer has the deal' });
        expect(deal.world.only().status).toBe('voided');
      },
      {},
      (world) => {
        world.onCall = (call) => {
          if (call === 'record') throw new CrmError('gone', 'HTTP 410');
        };
      },
    );
  });

  it('after the signature still has the PDF filed', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.onCall = (call) => {
        if (call === 'record' || call === 'attach') throw new CrmError('gone', 'HTTP 410');
      };
      expect((await signedByAll(deal)).outcome).toBe('completed');
      expect(deal.world.files.size).toBe(1);
      expect(what(await deal.snapshot())).toContain('the PDF is filed but attached to nothing');
    });
  });

  it('and is away when asked does not hide what the provider says', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.onCall = (call) => {
        if (call === 'withdrawn') throw new CrmError('unavailable', 'away');
      };
      expect((await signedByAll(deal)).outcome).toBe('completed');
    });
  });
});

describe('an envelope that takes the place of another', () => {
  it('says which one, and why, on the deal and at the provider', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      await deal.update('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'wrong address' });
      const shown = await deal.until(({ revision, stage }) => revision === 2 && stage === 'in-review');
      expect(shown.replaced).toMatchObject([{ envelopeId: 'env-1', revision: 1, why: 'wrong address', by: 'otto' }]);
      expect(deal.world.envelopes[1]?.draft.metadata).toEqual({ replaces: 'env-1' });
      await deal.update('review', approve);
      await deal.untilStage('out-for-signature');
      const result = await signedByAll(deal);
      expect(result).toMatchObject({ envelopeId: 'env-2', revision: 2, credits: { spent: 2, refunded: 1 } });
    });
  });
});

describe('signers', () => {
  it('that handed their turn on are named by role on the timeline', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      Object.assign(deal.world.only().signers[0] ?? {}, { email: 'deputy@customer.example' });
      await signedByAll(deal);
      const told = what(await deal.snapshot());
      expect(told).toContain('Customer was signed by somebody else than was asked');
      expect(told).not.toContain('Company was signed by somebody else');
      expect(told).not.toContain('@');
    });
  });

  it('show their progress one by one, copies apart', async () => {
    await deals.run(
      async (deal) => {
        const out = await outForSignature(deal);
        expect(out.parties.map(({ role, status }) => `${role}: ${status}`)).toEqual([
          'Customer: pending',
          'Company: waiting',
          'cc: copied',
        ]);
        expect(out.waitingFor).toBe('Customer (signer 1) to sign');
        deal.world.sign();
        await deal.event('envelope.signed');
        await deal.until(({ waitingFor }) => waitingFor === 'Company (signer 2) to sign');
      },
      {
        parties: [
          { email: 'ada@customer.example', role: 'Customer', order: 1, kind: 'signer' },
          { email: 'bob@seller.example', role: 'Company', order: 2, kind: 'signer' },
          { email: 'cleo@seller.example', order: 3, kind: 'cc' },
        ],
      },
    );
  });
});
