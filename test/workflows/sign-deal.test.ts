import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrmError } from '../../src/crm/crm.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aDealRunner, approve, outForSignature, signedByAll, what, type DealRunner } from '../support/deal-runner.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

/** Scheduled, started, completed, timed out and failed, by Temporal's numbers. */
const WORKFLOW_TASK_EVENTS = ['5', '6', '7', '8', '9'];

describe('a deal that goes well', () => {
  it('is drafted, reviewed, sent, signed, filed and attached, once each', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      const result = await signedByAll(deal);
      const { world } = deal;

      expect(result).toMatchObject({ outcome: 'completed', envelopeId: 'env-1', reason: null, revision: 1 });
      expect(result.signedPdf).toMatchObject({ pages: 2, bytes: world.signedPdf.length });
      expect(world.only().sends).toBe(1);
      expect(world.attachments).toHaveLength(1);
      expect(world.files.size).toBe(1);
      expect(world.records.map((record) => record.stage)).toEqual([
        'detecting',
        'in-review',
        'out-for-signature',
        'completed',
      ]);
      const versions = world.records.map((record) => record.version);
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    });
  });

  it('tells the CRM the envelope and the review link before anything says that the contract is out', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      expect(deal.world.records[0]).toMatchObject({
        stage: 'detecting',
        envelopeId: 'env-1',
        reviewUrl: 'https://paper.example/review/env-1?rt=token',
      });
      expect(deal.world.only().sends).toBe(0);
    });
  });

  it('tells the CRM of the signature before the PDF is filed', async () => {
    await deals.run(async (deal) => {
      deal.world.mishaps.push({
        call: 'downloadSigned',
        error: new ProviderError('unavailable', 'busy', { status: 503 }),
      });
      await outForSignature(deal);
      await signedByAll(deal);
      const filing = deal.world.records.find((record) => record.stage === 'filing');
      expect(filing?.signedAt).toMatch(/^\d{4}-/);
      expect(deal.world.calls.indexOf('downloadSigned')).toBeGreaterThan(0);
    });
  });

  it('keeps a short history: 28 events beside the workflow tasks, from start to filed PDF', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      await signedByAll(deal);
      // How many workflow tasks there are depends on the queries of this test, which come in their midst.
      expect((await deal.events()).filter((type) => !WORKFLOW_TASK_EVENTS.includes(type)).length).toBeLessThanOrEqual(
        28,
      );
    });
  });
});

describe('review', () => {
  it('may come from the provider’s own Send button, and is then not sent again', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      const envelope = deal.world.only();
      envelope.status = 'pending';
      envelope.parties = [
        { role: 'Customer', order: 1, status: 'pending' },
        { role: 'Company', order: 2, status: 'waiting' },
      ];
      await deal.event('envelope.sent');
      const out = await deal.untilStage('out-for-signature');
      expect(what(out)).toContain('sent from the provider’s review page');
      expect(deal.world.calls).not.toContain('sendEnvelope');
      expect((await signedByAll(deal)).outcome).toBe('completed');
    });
  });

  it('sees the provider’s Send although the event was lost and an approval comes afterwards', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      deal.world.only().status = 'pending';
      await deal.update('review', approve);
      await deal.untilStage('out-for-signature');
      expect(deal.world.calls).not.toContain('sendEnvelope');
    });
  });

  it('starts again when the fields changed between the approval and the send', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      const { provider } = deal.world;
      // The version changes after the approval was checked, so the provider itself refuses the send.
      const send = provider.sendEnvelope.bind(provider);
      deal.world.provider.sendEnvelope = (...args) => {
        deal.world.only().fieldsVersion = 2;
        deal.world.provider.sendEnvelope = send;
        return send(...args);
      };
      await deal.update('review', approve);
      const back = await deal.until((seen) => seen.stage === 'in-review' && what(seen).includes('back to review'));
      expect(what(back)).toContain('version 1 to 2');
      expect(deal.world.only().sends).toBe(0);

      await deal.update('review', { ...approve, fieldsVersion: 2 });
      await deal.untilStage('out-for-signature');
      expect(deal.world.only().sends).toBe(1);
      expect(new Set(deal.world.keys).size).toBe(deal.world.keys.length);
    });
  });

  it('refuses an approval of an older version of the fields', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      deal.world.only().fieldsVersion = 3;
      await deal.signal('review', { ...approve, fieldsVersion: 1 });
      const back = await deal.until((seen) => what(seen).includes('back to review'));
      expect(back.stage).toBe('in-review');
      await expect(deal.update('review', { ...approve, fieldsVersion: 1 })).rejects.toThrow();
      await deal.update('review', approve);
      await deal.untilStage('out-for-signature');
    });
  });

  it.each(['failed', 'recovered_empty'] as const)(
    'is still possible when detection ends as %s',
    async (fieldsStatus) => {
      await deals.run(
        async (deal) => {
          const seen = await deal.untilStage('in-review');
          expect(what(seen)).toContain('by hand');
          expect(seen.fieldsStatus).toBe(fieldsStatus);
        },
        {},
        (world) => (world.detection = { fieldsStatus, detectionError: 'scan too dark' }),
      );
    },
  );

  it('that rejects the draft blocks the deal until it is amended', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      await deal.update('review', { decision: 'reject', reviewer: 'rita', note: 'wrong price' });
      const blocked = await deal.until((seen) => seen.blocked !== null);
      expect(blocked).toMatchObject({
        stage: 'in-review',
        blocked: { reason: 'review-rejected', detail: 'wrong price' },
      });

      await deal.update('amend', { document: { uri: 'file:documents/v2.pdf' }, by: 'otto', reason: 'new price' });
      const again = await deal.until((seen) => seen.revision === 2 && seen.stage === 'in-review');
      expect(again).toMatchObject({ blocked: null, envelopeId: 'env-2' });
      expect(deal.world.envelopes.map((envelope) => envelope.status)).toEqual(['voided', 'draft']);
    });
  });

  it('counts once when it is given twice', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      await Promise.all([
        deal.update('review', approve),
        deal.update('review', approve),
        deal.signal('review', approve),
      ]);
      await deal.untilStage('out-for-signature');
      expect(deal.world.only().sends).toBe(1);
      expect((await deal.snapshot()).timeline.filter((entry) => entry.what === 'approved')).toHaveLength(1);
    });
  });
});

describe('detection', () => {
  it('may take hours: the deal then says that it stands still, and looks on', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('detecting');
        await deals.env.sleep('3 hours');
        const stuck = await deal.until((seen) => seen.blocked !== null);
        expect(stuck.blocked?.reason).toBe('detection-stuck');
        deal.world.only().fieldsStatus = 'ready';
        await deal.signal('resume', { by: 'otto' });
        await deal.untilStage('in-review');
      },
      {},
      (world) => (world.detection = { fieldsStatus: 'pending', detectionError: null }),
    );
  });
});

describe('an envelope that ends without a signature', () => {
  it.each(['declined', 'voided'] as const)(
    '%s at the provider ends the deal with that outcome and its reason',
    async (status) => {
      await deals.run(async (deal) => {
        await outForSignature(deal);
        Object.assign(deal.world.only(), { status, reason: 'price too high' });
        await deal.event(`envelope.${status}`);
        expect(await deal.result()).toMatchObject({ outcome: status, reason: 'price too high', signedPdf: null });
        expect(deal.world.records.at(-1)).toMatchObject({
          stage: status,
          outcome: status,
          crmStage: 'Contract failed',
        });
      });
    },
  );

  it('is not ended by an event alone: the envelope is asked', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      const reads = () => deal.world.calls.filter((call) => call === 'readEnvelope').length;
      for (const event of ['envelope.signed', 'envelope.declined', 'envelope.voided']) {
        const before = reads();
        await deal.event(event);
        await deal.until(() => reads() > before);
      }
      expect((await deal.snapshot()).stage).toBe('out-for-signature');
    });
  });

  it('of another revision changes nothing', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      const reads = deal.world.calls.length;
      await deal.event('envelope.voided', 'env-of-somebody-else');
      await deal.event('envelope.signed', 'env-of-somebody-else');
      expect((await deal.snapshot()).stage).toBe('out-for-signature');
      expect(deal.world.calls.length).toBe(reads);
    });
  });
});

describe('cancelling', () => {
  it('voids what is out and ends cancelled', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
      expect(await deal.result()).toMatchObject({ outcome: 'cancelled', reason: 'deal lost' });
      expect(deal.world.only().status).toBe('voided');
    });
  });

  it('by Temporal’s own cancellation does the same', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      await deal.handle.cancel();
      expect(await deal.result()).toMatchObject({ outcome: 'cancelled', reason: 'cancelled in Temporal' });
      expect(deal.world.only().status).toBe('voided');
    });
  });

  it('comes too late for a contract that was signed meanwhile', async () => {
    await deals.run(async (deal) => {
      await outForSignature(deal);
      deal.world.sign();
      deal.world.sign();
      await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
      expect((await deal.result()).outcome).toBe('completed');
      expect((await deal.snapshot()).parties.map(({ status }) => status)).toEqual(['signed', 'signed']);
    });
  });

  it('finds and voids a draft whose creation was never answered', async () => {
    await deals.run(
      async (deal) => {
        await deal.until((seen) => seen.blocked?.reason === 'answer-unreadable');
        await deal.signal('cancel', { reason: 'deal lost', by: 'otto' });
        expect((await deal.result()).outcome).toBe('cancelled');
        expect(deal.world.only().status).toBe('voided');
      },
      {},
      (world) =>
        world.mishaps.push({
          call: 'createEnvelope',
          error: new ProviderError('unreadable', 'envelope_id: missing'),
          after: true,
        }),
    );
  });
});

describe('mishaps', () => {
  it('a create whose answer was lost is found, not repeated', async () => {
    await deals.run(
      async (deal) => {
        await deal.untilStage('in-review');
        expect(deal.world.envelopes).toHaveLength(1);
        expect(deal.world.calls.filter((call) => call === 'createEnvelope')).toHaveLength(1);
      },
      {},
      (world) =>
        world.mishaps.push({
          call: 'createEnvelope',
          error: new ProviderError('unreachable', 'connection lost'),
          after: true,
        }),
    );
  });

  it('a send whose answer was lost is found, not repeated', async () => {
    await deals.run(async (deal) => {
      deal.world.mishaps.push({
        call: 'sendEnvelope',
        error: new ProviderError('unreachable', 'connection lost'),
        after: true,
      });
      await outForSignature(deal);
      expect(deal.world.only().sends).toBe(1);
      expect(deal.world.calls.filter((call) => call === 'sendEnvelope')).toHaveLength(1);
    });
  });

  it('a send without credits blocks the deal, and goes on at resume under a new key', async () => {
    await deals.run(async (deal) => {
      deal.world.mishaps.push({
        call: 'sendEnvelope',
        error: new ProviderError('payment-required', 'no credits', { status: 402 }),
      });
      await deal.untilStage('in-review');
      await deal.update('review', approve);
      const blocked = await deal.until((seen) => seen.blocked !== null);
      expect(blocked).toMatchObject({ stage: 'sending', blocked: { reason: 'credits-exhausted' } });
      await deal.update('resume', { by: 'otto' });
      await deal.untilStage('out-for-signature');
      expect(deal.world.only().sends).toBe(1);
      expect(deal.world.keys.filter((key) => key.includes('/send/'))).toEqual([expect.stringMatching(/\/send\/1$/)]);
    });
  });

  it('a signed PDF of zero bytes is fetched again until it is whole', async () => {
    await deals.run(async (deal) => {
      const whole = deal.world.signedPdf;
      deal.world.signedPdf = new Uint8Array();
      await outForSignature(deal);
      deal.world.sign();
      deal.world.sign();
      await deal.event('envelope.signed');
      await deal.until(() => deal.world.calls.includes('downloadSigned'));
      deal.world.signedPdf = whole;
      expect((await deal.result()).signedPdf?.bytes).toBe(whole.length);
    });
  });

  it(
    'a CRM that stays away for hours shows on the deal, which goes on by itself when it is back',
    { timeout: 90_000 },
    async () => {
      await deals.run(
        async (deal) => {
          await deal.until(() => deal.world.calls.includes('record'));
          await deals.env.sleep('90 minutes');
          const blocked = await deal.until((seen) => seen.blocked !== null);
          expect(blocked).toMatchObject({
            stage: 'preparing',
            blocked: { reason: 'crm-unavailable', detail: 'CRM away' },
          });
          deal.world.mishaps.length = 0;
          await deals.env.sleep('90 minutes');
          await deal.untilStage('in-review');
          expect(deal.world.envelopes).toHaveLength(1);
        },
        {},
        (world) => {
          for (let call = 0; call < 200; call += 1) {
            world.mishaps.push({ call: 'record', error: new CrmError('unavailable', 'CRM away') });
          }
        },
      );
    },
  );

  it('a CRM that refuses holds the send back, and a cancel still goes through at the provider', async () => {
    await deals.run(
      async (deal) => {
        const blocked = await deal.until((seen) => seen.blocked?.reason === 'crm-refused');
        expect(blocked.stage).toBe('preparing');
        await deal.signal('cancel', { reason: 'deal lost', by: 'otto' });
        await deal.until(() => deal.world.only().status === 'voided');
        expect((await deal.result()).outcome).toBe('cancelled');
      },
      {},
      (world) => {
        world.mishaps.push({ call: 'record', error: new CrmError('refused', 'no such deal') });
      },
    );
  });
});

describe('messages that nobody can read', () => {
  it('leave a note on the timeline and change nothing', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      for (const payload of [null, 7, 'approve', [], { decision: 'perhaps' }, { decision: 'approve' }]) {
        await deal.signal('review', payload);
      }
      await deal.handle.signal('envelopeEvent', 'what?');
      const seen = await deal.until((now) => what(now).includes('event not understood'));
      expect(seen.stage).toBe('in-review');
      expect(seen.timeline.filter((entry) => entry.what.includes('review not understood'))).toHaveLength(6);
      await expect(deal.update('review', { decision: 'perhaps' })).rejects.toThrow();
      await deal.update('review', approve);
      await deal.untilStage('out-for-signature');
    });
  });
});
