/** What every CRM driver must hold to, whatever is behind it. */
import { createHash, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Crm } from '../../src/crm/crm.js';
import type { SignedPdf } from '../../src/deal/snapshot.js';
import type { CrmRecord } from '../../src/deal/state.js';

/** A driver with a look behind it. */
export interface CrmUnderTest {
  crm: Crm;
  /** The deal as the CRM holds it now, without its notes. */
  stored(dealId: string, round: number): Promise<CrmRecord | undefined>;
  /** The deal's notes, by version. */
  notes(dealId: string, round: number): Promise<string[]>;
  /** sha256 of each attachment, in the order they came. */
  attached(dealId: string, round: number): Promise<string[]>;
  /** The CRM keeps one record a deal, which the latest round has. */
  oneRecordADeal?: boolean;
  /** Makes a deal in a CRM that gives its deals their ids itself. */
  aDeal?(): Promise<string>;
  /** Waits until what was written can be seen, where that takes time. */
  settled?(): Promise<void>;
}

export const PDF_BYTES = Buffer.from('%PDF-1.7 a signed contract \r\n--\r\n \x00\xff', 'latin1');

export function aSignedPdf(bytes: Uint8Array = PDF_BYTES): SignedPdf {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { uri: 'file:///data/documents/deal-1/env-1.pdf', sha256, bytes: bytes.length, pages: 2 };
}

/** A record of a deal that nobody has written to. */
export function aRecord(changes: Partial<CrmRecord> = {}): CrmRecord {
  return {
    dealId: `deal.${randomUUID()}:7`,
    round: 1,
    version: 1,
    stage: 'in-review',
    crmStage: 'Contract drafted',
    documentType: 'order-form',
    envelopeId: 'env_1',
    reviewUrl: 'https://sign.example/review/env_1?token=secret',
    outcome: null,
    reason: null,
    signedAt: null,
    ...changes,
  };
}

/** Matches a text that contains `part`. */
export function saying(part: string): unknown {
  return expect.stringContaining(part);
}

/** `underTest` answers the same driver each time; every test works on deals of its own. */
export function keepsTheCrmContract(underTest: () => CrmUnderTest): void {
  describe('as every CRM', () => {
    let crm: Crm;
    beforeEach(() => {
      crm = underTest().crm;
    });

    const look =
      <Seen>(way: (under: CrmUnderTest) => (dealId: string, round: number) => Promise<Seen>) =>
      async (dealId: string, round: number): Promise<Seen> => {
        await underTest().settled?.();
        return way(underTest())(dealId, round);
      };
    const stored = look((under) => (dealId, round) => under.stored(dealId, round));
    const notes = look((under) => (dealId, round) => under.notes(dealId, round));
    const attached = look((under) => (dealId, round) => under.attached(dealId, round));
    const aFreshRecord = async (changes: Partial<CrmRecord> = {}): Promise<CrmRecord> => {
      const dealId = await underTest().aDeal?.();
      return aRecord({ ...(dealId !== undefined && { dealId }), ...changes });
    };

    const write = (record: CrmRecord) => crm.record(record, `${record.dealId}/${record.round}/v${record.version}`);
    const attach = ({ dealId, round }: CrmRecord, pdf = aSignedPdf(), bytes = PDF_BYTES) =>
      crm.attach({ dealId, round, envelopeId: 'env_1' }, pdf, async () => bytes, `${dealId}/${round}/${pdf.sha256}`);

    it('can be written', async () => {
      await expect(crm.check()).resolves.toBeUndefined();
    });

    it('holds a deal as it was written', async () => {
      const record = await aFreshRecord({
        stage: 'completed',
        outcome: 'completed',
        reason: 'Größe “ok”, 100 % \n it’s; done',
        signedAt: '2026-03-01T10:00:00.123Z',
      });
      await write(record);
      expect(await stored(record.dealId, 1)).toEqual(record);
    });

    it('changes nothing when the same write comes again', async () => {
      const record = await aFreshRecord();
      await write(record);
      await write(record);
      expect(await stored(record.dealId, 1)).toEqual(record);
    });

    it('leaves aside a write that another one with the same version has overtaken', async () => {
      const record = await aFreshRecord({ version: 3, stage: 'out-for-signature' });
      await write(record);
      await crm.record({ ...record, stage: 'in-review' }, 'another-write');
      expect(await stored(record.dealId, 1)).toEqual(record);
    });

    it('leaves a late write of an older version aside', async () => {
      const newer = await aFreshRecord({ version: 5, stage: 'out-for-signature' });
      await write(newer);
      await write({ ...newer, version: 4, stage: 'sending', envelopeId: null });
      expect(await stored(newer.dealId, 1)).toEqual(newer);
    });

    it('takes a newer version whole, so that links of a replaced draft disappear', async () => {
      const first = await aFreshRecord({ reason: 'amended' });
      const second: CrmRecord = {
        dealId: first.dealId,
        round: 1,
        version: 2,
        stage: 'preparing',
        documentType: 'order-form',
        envelopeId: null,
        reviewUrl: null,
        outcome: null,
        reason: null,
        signedAt: null,
      };
      await write(first);
      await write(second);
      expect(await stored(first.dealId, 1)).toEqual(second);
    });

    it('ends at the highest version when writes come all at once', async () => {
      const record = await aFreshRecord();
      const versions = [4, 1, 7, 3, 6, 2, 5].map((version) => ({ ...record, version, envelopeId: `env_${version}` }));
      await Promise.all(versions.map(write));
      expect(await stored(record.dealId, 1)).toMatchObject({ version: 7, envelopeId: 'env_7' });
    });

    it('keeps the rounds of a deal apart, or shows the latest where there is one record a deal', async () => {
      const first = await aFreshRecord({ version: 9, stage: 'declined', outcome: 'declined' });
      const second = aRecord({ dealId: first.dealId, round: 2, version: 1, stage: 'preparing' });
      await write(first);
      await write(second);
      await write({ ...first, version: 10, reason: 'late' });
      expect(await stored(first.dealId, 2)).toEqual(second);
      if (underTest().oneRecordADeal) expect(await stored(first.dealId, 1)).toBeUndefined();
      else expect(await stored(first.dealId, 1)).toEqual({ ...first, version: 10, reason: 'late' });
    });

    it('holds a hostile deal id as the text it is', async ({ skip }) => {
      if (underTest().aDeal) skip('this CRM gives its deals their ids');
      const record = await aFreshRecord({ dealId: "x'); DROP TABLE deals; -- /../?#%2F é" });
      await write(record);
      expect(await stored(record.dealId, 1)).toEqual(record);
    });

    it('keeps each note that a record carries, once, beside the deal', async () => {
      const record = await aFreshRecord({ version: 1 });
      await write({ ...record, note: 'The review is overdue.' });
      await write({ ...record, note: 'The review is overdue.' });
      await write({ ...record, version: 2 });
      await write({ ...record, version: 3, note: 'Größe “ok” \n it’s overdue again' });
      expect(await notes(record.dealId, 1)).toEqual(['The review is overdue.', 'Größe “ok” \n it’s overdue again']);
      expect(await stored(record.dealId, 1)).toEqual({ ...record, version: 3 });
    });

    it('keeps the note of a record that was overtaken, and does not take it twice', async () => {
      const record = await aFreshRecord({ version: 5 });
      await write(record);
      await write({ ...record, version: 4, note: 'late, but to be read' });
      await crm.record({ ...record, version: 4, note: 'late, but to be read' }, 'the same write under another name');
      expect(await notes(record.dealId, 1)).toEqual(['late, but to be read']);
      expect(await stored(record.dealId, 1)).toEqual(record);
    });

    it('keeps the notes of two rounds apart', async () => {
      const record = await aFreshRecord({ note: 'first round' });
      await write(record);
      await write({ ...record, round: 2, note: 'second round' });
      if (underTest().oneRecordADeal) {
        expect(await notes(record.dealId, 2)).toEqual(['first round', 'second round']);
      } else {
        expect(await notes(record.dealId, 1)).toEqual(['first round']);
        expect(await notes(record.dealId, 2)).toEqual(['second round']);
      }
    });

    it('still wants a deal that nobody took back, and one that it has not heard of', async () => {
      const record = await aFreshRecord();
      expect(await crm.withdrawn({ dealId: record.dealId, round: 1 })).toBeNull();
      await write(record);
      expect(await crm.withdrawn({ dealId: record.dealId, round: 1 })).toBeNull();
    });

    it('attaches the signed PDF, once, however often it is told to', async () => {
      const record = await aFreshRecord({ stage: 'filing' });
      await write(record);
      await attach(record);
      await attach(record);
      expect(await attached(record.dealId, 1)).toEqual([aSignedPdf().sha256]);
    });

    it('attaches the signed PDF once when two workers do it together', async () => {
      const record = await aFreshRecord({ stage: 'filing' });
      await write(record);
      await Promise.all([attach(record), attach(record), attach(record)]);
      expect(await attached(record.dealId, 1)).toEqual([aSignedPdf().sha256]);
    });

    it('keeps the attachment when the deal is written again', async () => {
      const record = await aFreshRecord({ stage: 'filing' });
      await write(record);
      await attach(record);
      await write({ ...record, version: 2, stage: 'completed', outcome: 'completed' });
      expect(await attached(record.dealId, 1)).toEqual([aSignedPdf().sha256]);
      expect(await stored(record.dealId, 1)).toMatchObject({ stage: 'completed' });
    });
  });
}
