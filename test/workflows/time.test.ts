/** What time does to a deal: overdue reviews, reminders, expiry, lost webhooks and very long waits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrmError } from '../../src/crm/crm.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aDealRunner, approve, outForSignature, signedByAll, what, type DealRunner } from '../support/deal-runner.js';
import { aPolicy } from '../support/deals.js';
import { aSignedPdf } from '../support/signed-pdf.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

describe('a review', () => {
  const policy = aPolicy({ reviewSlaMs: DAY });

  it('that is overdue is told to the CRM once, and can still be given', async () => {
    await deals.run(
      async (deal) => {
        const { since } = await deal.untilStage('in-review');
        expect((await deal.snapshot()).reviewDue).toBe(new Date(Date.parse(since) + DAY).toISOString());
        await deals.env.sleep('5 days');
        const notes = deal.world.records.flatMap(({ note, stage }) => (note ? [{ note, stage }] : []));
        expect(notes).toEqual([
          { note: `the review is overdue: the draft has waited since ${since}`, stage: 'in-review' },
        ]);
        expect(what(await deal.snapshot())).toContain('the review is overdue');
        await deal.update('review', approve);
        await deal.untilStage('out-for-signature');
        expect((await deal.snapshot()).reviewDue).toBeNull();
      },
      { policy },
    );
  });

  it('given in time is never called overdue', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('5 days');
        expect(what(await deal.snapshot())).not.toContain('overdue');
      },
      { policy },
    );
  });

  it('of the next draft has its own time', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        await deals.env.sleep('2 days');
        await deal.signal('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'price' });
        await deal.until(({ revision, stage }) => revision === 2 && stage === 'in-review');
        await deals.env.sleep('2 days');
        expect(deal.world.records.filter(({ note }) => note)).toHaveLength(2);
      },
      { policy },
    );
  });

  it('that is overdue while the CRM refuses its note does not stand still for that', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        deal.world.mishaps.push({ call: 'record', error: new CrmError('refused', 'read-only') });
        await deals.env.sleep('2 days');
        const { blocked, ...shown } = await deal.snapshot();
        expect(blocked).toBeNull();
        expect(what(shown)).toContain('the CRM could not be told (crm-refused)');
      },
      { policy },
    );
  });
});

describe('reminders', () => {
  const policy = aPolicy({ reminders: { firstMs: 3 * DAY, everyMs: 2 * DAY, max: 2 } });

  it('go out by policy and stop at their cap', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('2 days');
        expect(deal.world.reminders).toBe(0);
        await deals.env.sleep('2 days');
        expect(deal.world.reminders).toBe(1);
        await deals.env.sleep('30 days');
        expect(deal.world.reminders).toBe(2);
      },
      { policy },
    );
  });

  it('begin anew for the next signer', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('30 days');
        deal.world.sign();
        await deal.event('envelope.signed');
        await deal.until(({ parties }) => parties[1]?.status === 'pending');
        await deals.env.sleep('2 days');
        expect(deal.world.reminders).toBe(2);
        await deals.env.sleep('30 days');
        expect(deal.world.reminders).toBe(4);
      },
      { policy },
    );
  });

  it('never go to somebody who has signed, even if no event told of it', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('1 day');
        deal.world.sign();
        deal.world.sign();
        expect((await deal.result()).outcome).toBe('completed');
        expect(deal.world.reminders).toBe(0);
      },
      { policy },
    );
  });

  it('wait their time again after a person asked for one', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('2 days');
        await deal.signal('remind', { by: 'otto' });
        await deal.until(() => deal.world.reminders === 1);
        await deals.env.sleep('36 hours');
        expect(deal.world.reminders).toBe(1);
        await deals.env.sleep('13 hours');
        expect(deal.world.reminders).toBe(2);
      },
      { policy },
    );
  });
});

describe('expiry', () => {
  const policy = aPolicy({ expireAfterMs: 30 * DAY });

  it('voids the envelope at the provider and ends the deal expired', async () => {
    await deals.run(
      async (deal) => {
        const { expiresAt } = await outForSignature(deal);
        expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now() + 29 * DAY);
        const result = await deal.result();
        expect(result).toMatchObject({
          outcome: 'expired',
          reason: 'not signed in time',
          credits: { spent: 1, refunded: 1 },
        });
        expect(deal.world.only().status).toBe('voided');
        expect(deal.world.records.at(-1)).toMatchObject({ stage: 'expired', crmStage: 'Contract failed' });
      },
      { policy },
    );
  });

  it('gives way to a signature that came while the envelope was being voided', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        deal.world.mishaps.push({
          call: 'voidEnvelope',
          error: new ProviderError('conflict', 'signed meanwhile', { status: 409 }),
        });
        deal.world.onCall = (call) => {
          if (call !== 'voidEnvelope') return;
          deal.world.sign();
          deal.world.sign();
        };
        const result = await deal.result();
        expect(result).toMatchObject({ outcome: 'completed', credits: { spent: 1, refunded: 0 } });
      },
      { policy },
    );
  });

  it('counts from the send of the envelope that is out, not from an earlier one', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        await deals.env.sleep('20 days');
        await deal.signal('amend', { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'price' });
        await deal.until(({ revision, stage }) => revision === 2 && stage === 'in-review');
        await deal.update('review', approve);
        await deal.untilStage('out-for-signature');
        await deals.env.sleep('20 days');
        expect((await deal.snapshot()).stage).toBe('out-for-signature');
        expect((await deal.result()).outcome).toBe('expired');
      },
      { policy },
    );
  });
});

describe('a deal whose webhooks never come', () => {
  it('learns of every signature by reading back, and says that no webhook told it', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      const envelope = deal.world.only();
      await deal.world.provider.sendEnvelope('env-1', { parties: deal.start.parties, fieldsVersion: 1 }, 'by hand');
      await deals.env.sleep('1 hour');
      const out = await deal.untilStage('out-for-signature');
      expect(what(out)).toContain('learned by reading back that the envelope is pending: no webhook told it');
      deal.world.sign(envelope);
      deal.world.sign(envelope);
      expect((await deal.result()).outcome).toBe('completed');
      expect(what(await deal.snapshot())).toContain('learned by reading back that the envelope is signed');
    });
  });

  it('is not said of one whose webhook came', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.sign();
      deal.world.sign();
      await deal.event('envelope.signed');
      await deal.result();
      expect(what(await deal.snapshot())).not.toContain('learned by reading back');
    });
  });
});

describe('a send that is answered and not done', () => {
  it('shows once the envelope is read back: the deal is reviewed again, and the next send has a key of its own', async () => {
    await deals.run(async (deal) => {
      const { provider } = deal.world;
      const send = provider.sendEnvelope.bind(provider);
      provider.sendEnvelope = async (_envelopeId, _request, key) => {
        provider.sendEnvelope = send;
        deal.world.keys.push(key);
      };
      await outForSignature(deal);
      await deals.env.sleep('1 hour');
      const back = await deal.untilStage('in-review');
      expect(what(back)).toContain('back to review: the provider took the send, but the envelope is still a draft');
      expect(back.parties.map(({ status }) => status)).toEqual(['waiting', 'waiting']);
      expect(deal.world.records.at(-1)).toMatchObject({ stage: 'in-review', crmStage: 'Contract drafted' });
      await deals.env.sleep('1 hour');
      expect(deal.world.only().sends).toBe(0);

      await deal.update('review', approve);
      await deal.untilStage('out-for-signature');
      expect(deal.world.only().sends).toBe(1);
      expect(new Set(deal.world.keys).size).toBe(deal.world.keys.length);
      expect((await signedByAll(deal)).outcome).toBe('completed');
    });
  });

  it('is not taken for that when an event brings a reading from before the send', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      const { provider } = deal.world;
      const read = provider.readEnvelope.bind(provider);
      provider.readEnvelope = async (envelopeId) => {
        provider.readEnvelope = read;
        return { ...(await read(envelopeId)), status: 'draft', sent: false, parties: null };
      };
      const reads = () => deal.world.calls.filter((call) => call === 'readEnvelope').length;
      const before = reads();
      await deal.event('envelope.signed');
      await deal.until(() => reads() > before);
      await deals.env.sleep('1 hour');
      const out = await deal.snapshot();
      expect(out.stage).toBe('out-for-signature');
      expect(what(out)).not.toContain('back to review');
      expect((await signedByAll(deal)).outcome).toBe('completed');
    });
  });
});

describe('a deal that is open for a year', () => {
  it(
    'reminded and read back daily, ends right with fewer than 2,000 events in each of its runs',
    { timeout: 180_000 },
    async () => {
      await deals.run(
        async (deal) => {
          await outForSignature(deal);
          await deals.env.sleep('365 days');
          const open = await deal.snapshot();
          expect(open).toMatchObject({
            stage: 'out-for-signature',
            envelopeId: 'env-1',
            credits: { spent: 1, refunded: 0 },
          });
          expect(deal.world.reminders).toBeGreaterThan(350);
          deal.world.sign();
          deal.world.sign();
          await deal.event('envelope.signed');
          expect((await deal.result()).outcome).toBe('completed');
          const lengths = await deal.runLengths();
          expect(lengths.length).toBeGreaterThan(1);
          expect(Math.max(...lengths)).toBeLessThan(2000);
          expect(deal.world.only().sends).toBe(1);
        },
        { policy: aPolicy({ reminders: { firstMs: DAY, everyMs: DAY, max: 1000 } }) },
      );
    },
  );

  it('because it is blocked goes on trying, and goes through in the end', { timeout: 180_000 }, async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      deal.world.onCall = (call) => {
        if (call === 'sendEnvelope') throw new ProviderError('payment-required', 'no credits', { status: 402 });
      };
      await deal.update('review', approve);
      await deals.env.sleep('365 days');
      expect(await deal.snapshot()).toMatchObject({ stage: 'sending', blocked: { reason: 'credits-exhausted' } });
      deal.world.onCall = () => undefined;
      await deals.env.sleep('1 day');
      await deal.untilStage('out-for-signature');
      expect(Math.max(...(await deal.runLengths()))).toBeLessThan(2000);
      expect(deal.world.only().sends).toBe(1);
    });
  });
});
