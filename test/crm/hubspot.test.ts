import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Crm } from '../../src/crm/crm.js';
import { aRecord, aSignedPdf, keepsTheCrmContract, PDF_BYTES, saying } from './contract.js';
import { aHubSpotAccount, MAPPING, type TestAccount } from './hubspot-account.js';

const { version, problem } = MAPPING.properties;

describe('the hubspot CRM', () => {
  let hubspot: TestAccount;
  let crm: Crm;

  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    hubspot = await aHubSpotAccount();
  });
  beforeEach(async () => {
    ({ crm } = await hubspot.open());
  });
  afterEach(async () => {
    hubspot.faults.clear();
    await crm.close();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await hubspot.close();
  });

  keepsTheCrmContract(() => ({
    crm,
    oneRecordADeal: true,
    aDeal: async () => hubspot.aDeal(),
    stored: async (dealId, round) => hubspot.stored(dealId, round),
    notes: async (dealId) => hubspot.notes(dealId),
    attached: async (dealId) => hubspot.attached(dealId),
  }));

  const write = (record = aRecord()) => crm.record(record, 'any write id');
  const attach = (dealId: string, read = async (): Promise<Uint8Array> => PDF_BYTES) =>
    crm.attach({ dealId, round: 2, envelopeId: 'env_1' }, aSignedPdf(), read, 'any write id');

  describe('writing a record', () => {
    it('moves the deal to the stage that the document type names, together with all else', async () => {
      const dealId = hubspot.aDeal();
      const before = hubspot.calls.length;
      await write(aRecord({ dealId, crmStage: 'contractsent', stage: 'out-for-signature' }));
      expect(hubspot.value(dealId, 'dealstage')).toBe('contractsent');
      expect(hubspot.calls.slice(before).filter((call) => call.startsWith('PATCH'))).toHaveLength(1);
    });

    it('leaves a deal that a person took back in its stage while its contract is under way', async () => {
      const dealId = hubspot.aDeal({ dealstage: 'closedlost' });
      await write(aRecord({ dealId, version: 1, crmStage: 'contractsent' }));
      expect(hubspot.value(dealId, 'dealstage')).toBe('closedlost');
      await write(aRecord({ dealId, version: 2, crmStage: 'closedwon', stage: 'completed', outcome: 'completed' }));
      expect(hubspot.value(dealId, 'dealstage')).toBe('closedwon');
    });

    it('takes the word about an earlier problem away', async () => {
      const dealId = hubspot.aDeal({ [problem ?? '']: 'no signer' });
      await write(aRecord({ dealId }));
      expect(hubspot.value(dealId, problem ?? '')).toBeNull();
    });

    it('writes no property that the mapping leaves out', async () => {
      const lean = { ...MAPPING, properties: { ...MAPPING.properties, reviewUrl: null, problem: null } };
      const { crm: leanCrm } = await hubspot.open(lean);
      const dealId = hubspot.aDeal();
      await leanCrm.record(aRecord({ dealId }), 'w');
      await leanCrm.close();
      expect(hubspot.value(dealId, 'countersign_envelope_id')).toBe('env_1');
      expect(Object.keys(hubspot.account.record('deals', dealId).lastWrite)).not.toContain('countersign_review_url');
    });

    it('shows a note as the text it is', async () => {
      const dealId = hubspot.aDeal();
      await write(aRecord({ dealId, note: '<b>1 & 2</b>\nnext line' }));
      const [{ id } = { id: '' }] = hubspot.account.linked(dealId, 'notes');
      expect(hubspot.account.record('notes', id).properties['hs_note_body']).toContain(
        '&lt;b&gt;1 &amp; 2&lt;/b&gt;<br>next line',
      );
    });

    it('finds its note among hundreds of others', async () => {
      const dealId = hubspot.aDeal();
      const record = aRecord({ dealId, note: 'The review is overdue.' });
      await write(record);
      for (let other = 0; other < 620; other += 1) {
        const note = hubspot.account.create('notes', { hs_timestamp: '1', hs_note_body: 'a call' }, 'CRM_UI');
        hubspot.account.linkNote(dealId, note.id);
      }
      await write(record);
      const bodies = hubspot.notes(dealId).filter((text) => text.includes('overdue'));
      expect(bodies).toHaveLength(1);
    });

    it('does not take note 1.1 for note 1.10', async () => {
      const dealId = hubspot.aDeal();
      await write(aRecord({ dealId, version: 10, note: 'ten' }));
      await write(aRecord({ dealId, version: 1, note: 'one' }));
      expect(hubspot.notes(dealId)).toEqual(['ten', 'one']);
    });
  });

  describe('a deal that is no more', () => {
    it('is gone for records and attachments when it was deleted', async () => {
      const dealId = hubspot.aDeal();
      hubspot.account.archiveDeal(dealId);
      await expect(write(aRecord({ dealId }))).rejects.toMatchObject({ name: 'CrmError', kind: 'gone' });
      await expect(attach(dealId)).rejects.toMatchObject({ name: 'CrmError', kind: 'gone' });
      expect(await crm.withdrawn({ dealId, round: 1 })).toContain('deleted');
    });

    it('is gone when it was merged into another deal, and the other one is not written', async () => {
      const [winner, loser] = [hubspot.aDeal(), hubspot.aDeal()];
      hubspot.account.mergeDeals(winner, loser);
      await expect(write(aRecord({ dealId: loser }))).rejects.toMatchObject({ kind: 'gone' });
      expect(hubspot.value(winner, version)).toBeNull();
      expect(await crm.withdrawn({ dealId: loser, round: 1 })).toContain('merged');
    });

    it('is not wanted any more when a person moved it to a stage that takes it back', async () => {
      const dealId = hubspot.aDeal();
      hubspot.account.update('deals', dealId, { dealstage: 'closedlost' }, 'CRM_UI');
      expect(await crm.withdrawn({ dealId, round: 1 })).toBe('moved to closedlost');
    });

    it('is not taken for gone because the address of the API is wrong', async () => {
      hubspot.faults.add({ when: 'before', as: { status: 404, body: '<html>', contentType: 'text/html' } });
      const found = write(aRecord({ dealId: hubspot.aDeal() }));
      await expect(found).rejects.toMatchObject({ kind: 'refused', message: saying('HUBSPOT_API_URL') });
    });
  });

  describe('attaching the signed PDF', () => {
    it('uploads the very bytes, privately, into the folder of the mapping', async () => {
      const dealId = hubspot.aDeal();
      const bytes = Buffer.from('%PDF-1.7 \r\n--\r\n \x00\xff of a second round', 'latin1');
      await crm.attach({ dealId, round: 2, envelopeId: 'e' }, aSignedPdf(bytes), async () => bytes, 'w');
      expect(hubspot.files(dealId)).toEqual([
        { id: saying(''), bytes, access: 'PRIVATE', folder: '/countersign', name: `${dealId}-2-signed.pdf` },
      ]);
    });

    it('stores the same bytes once, whatever was cut off between upload and note', async () => {
      const dealId = hubspot.aDeal();
      const bytes = Buffer.from('%PDF-1.7 stored once');
      const pdf = aSignedPdf(bytes);
      const once = () => crm.attach({ dealId, round: 1, envelopeId: 'e' }, pdf, async () => bytes, 'w');
      hubspot.faults.add({ on: /POST .*notes$/, when: 'before', as: 'hang-up' });
      await expect(once()).rejects.toMatchObject({ kind: 'unavailable' });
      await once();
      expect(hubspot.attached(dealId)).toEqual([pdf.sha256]);
      expect(hubspot.account.files.filter((file) => file.bytes.equals(bytes))).toHaveLength(1);
    });

    it('uploads nothing that is not the signed PDF', async () => {
      const dealId = hubspot.aDeal();
      const before = hubspot.account.files.length;
      await expect(attach(dealId, async () => Buffer.from('%PDF forged'))).rejects.toMatchObject({
        kind: 'refused',
        message: saying('sha256'),
      });
      expect(hubspot.account.files).toHaveLength(before);
    });

    it('does not fetch the PDF again when it is attached', async () => {
      const dealId = hubspot.aDeal();
      await attach(dealId);
      await attach(dealId, () => Promise.reject(new Error('must not be read')));
      expect(hubspot.attached(dealId)).toHaveLength(1);
    });
  });

  describe('cut off at any call', () => {
    const cuts = ['before', 'after'] as const;
    const ways = [{ as: 'hang-up' as const }, { as: { status: 502, body: '<html>', contentType: 'text/html' } }];
    const cases = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].flatMap((nth) =>
      cuts.flatMap((when) => ways.map((way) => ({ nth, when, ...way }))),
    );

    it.each(cases)('ends with one note, one attachment and the right stage: $nth $when $as', async (fault) => {
      const dealId = hubspot.aDeal();
      const record = aRecord({ dealId, stage: 'filing', crmStage: 'contractsent', note: 'signed' });
      hubspot.faults.add(fault);
      const work = [
        () => write(record),
        () => attach(dealId),
        () => write({ ...record, version: 2, stage: 'completed' }),
      ];
      let failed = 0;
      for (const step of work) {
        await step().catch(async (error: unknown) => {
          failed += 1;
          expect(error).toMatchObject({ name: 'CrmError', kind: 'unavailable' });
          await step();
        });
      }
      expect(failed).toBe(1);
      expect(hubspot.notes(dealId)[0]).toBe('signed');
      expect(hubspot.attached(dealId)).toEqual([aSignedPdf().sha256]);
      expect(hubspot.stored(dealId, 1)).toMatchObject({ version: 2, stage: 'completed', crmStage: 'contractsent' });
    });
  });
});
