/** A look into the tables of the `postgres` CRM, and what only it must hold to. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPostgresCrm, createPostgresIntake } from '../../src/crm/postgres.js';
import type { Database } from '../../src/crm/database.js';
import type { CrmRecord } from '../../src/deal/state.js';
import type { Stage } from '../../src/deal/stages.js';
import { keepsTheIntakeContract } from './intake-contract.js';
import { aRecord, aSignedPdf, PDF_BYTES, type CrmUnderTest, saying } from './contract.js';

/** In the order they run. */
export const ALL_MIGRATIONS = [
  '0001_deals',
  '0002_withdrawals_and_notes',
  '0003_contract_requests',
  '0004_contracts',
  '0005_docusign_events',
];

interface DealRow {
  deal_id: string;
  round: number;
  version: number;
  stage: Stage;
  crm_stage: string | null;
  document_type: string;
  envelope_id: string | null;
  review_url: string | null;
  outcome: string | null;
  reason: string | null;
  signed_at: Date | null;
}

export function sqlCrm(database: Database): CrmUnderTest {
  return {
    crm: createPostgresCrm(database),
    async stored(dealId, round) {
      const [row] = await database.query<DealRow>('SELECT * FROM deals WHERE deal_id = $1 AND round = $2', [
        dealId,
        round,
      ]);
      return row && recordOf(row);
    },
    async notes(dealId, round) {
      const rows = await database.query<{ note: string }>(
        'SELECT note FROM deal_notes WHERE deal_id = $1 AND round = $2 ORDER BY version',
        [dealId, round],
      );
      return rows.map(({ note }) => note);
    },
    async attached(dealId, round) {
      const rows = await database.query<{ sha256: string }>(
        'SELECT sha256 FROM attachments WHERE deal_id = $1 AND round = $2 ORDER BY attached_at',
        [dealId, round],
      );
      return rows.map(({ sha256 }) => sha256);
    },
  };
}

function recordOf(row: DealRow): CrmRecord {
  return {
    dealId: row.deal_id,
    round: row.round,
    version: row.version,
    stage: row.stage,
    ...(row.crm_stage !== null && { crmStage: row.crm_stage }),
    documentType: row.document_type,
    envelopeId: row.envelope_id,
    reviewUrl: row.review_url,
    outcome: row.outcome,
    reason: row.reason,
    signedAt: row.signed_at?.toISOString() ?? null,
  };
}

/** Runs on a migrated database. */
export function keepsItsTables(open: () => Database): void {
  const crmOf = () => createPostgresCrm(open());

  keepsTheIntakeContract(() => {
    const request = {
      documentType: 'order-form',
      document: { uri: 'file:a.pdf' },
      parties: [{ email: 'ada@customer.example' }],
    };
    const again = async (dealId: string, round: number): Promise<void> => {
      const values = [dealId, round, JSON.stringify(request)];
      await open().query('INSERT INTO contract_requests (deal_id, round, request) VALUES ($1, $2, $3)', values);
    };
    return {
      crm: crmOf(),
      intake: createPostgresIntake(open()),
      again,
      async enter() {
        const dealId = randomUUID();
        await again(dealId, 1);
        return dealId;
      },
      async withdraw(dealId) {
        await crmOf().record(aRecord({ dealId }), 'w1');
        await open().query("UPDATE deals SET withdrawn_at = now(), withdrawn_reason = 'lost' WHERE deal_id = $1", [
          dealId,
        ]);
      },
      async told(dealId) {
        const rows = await open().query<{ problem: string | null }>(
          'SELECT problem FROM contract_requests WHERE deal_id = $1',
          [dealId],
        );
        return rows[0]?.problem ?? null;
      },
      unknown: randomUUID(),
    };
  });

  it('writes one billing row a deal, with the envelope id', async () => {
    const record = aRecord();
    await crmOf().record(record, 'w1');
    await crmOf().record({ ...record, version: 2, stage: 'filing' }, 'w2');
    await crmOf().record({ ...record, version: 1, stage: 'preparing' }, 'w1');
    const rows = await open().query('SELECT envelope_id, status, version FROM billing WHERE deal_id = $1', [
      record.dealId,
    ]);
    expect(rows).toEqual([{ envelope_id: 'env_1', status: 'signed', version: 2 }]);
  });

  it('keeps a contract for each envelope the deal has had, and one that counts', async () => {
    const record = aRecord({ version: 1 });
    const crm = crmOf();
    await crm.record({ ...record, stage: 'out-for-signature' }, 'w1');
    await crm.record({ ...record, version: 2, envelopeId: 'env_2' }, 'w2');
    await crm.record({ ...record, version: 1, stage: 'sending' }, 'late');
    await crm.record({ ...record, version: 3, envelopeId: 'env_2', stage: 'filing' }, 'w3');
    const rows = await open().query(
      'SELECT envelope_id, status, version FROM contracts WHERE deal_id = $1 ORDER BY envelope_id',
      [record.dealId],
    );
    expect(rows).toEqual([
      { envelope_id: 'env_1', status: 'replaced', version: 2 },
      { envelope_id: 'env_2', status: 'signed', version: 3 },
    ]);
  });

  describe('deals that want a contract', () => {
    const intake = () => createPostgresIntake(open());
    const request = {
      documentType: 'order-form',
      document: { uri: 'file:a.pdf' },
      parties: [{ email: 'ada@c.example' }],
    };
    const ask = async (dealId: string, round = 1, asked: unknown = request): Promise<string> => {
      await open().query('INSERT INTO contract_requests (deal_id, round, request) VALUES ($1, $2, $3)', [
        dealId,
        round,
        JSON.stringify(asked),
      ]);
      return dealId;
    };
    const waiting = async (): Promise<string[]> => {
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const { dealIds, next } = await intake().wanting(cursor);
        found.push(...dealIds);
        if (next === null) return found;
        cursor = next;
      }
    };

    it('are the rows of contract_requests that no run has recorded, page by page', async () => {
      const ids = await Promise.all(Array.from({ length: 205 }, (_, at) => ask(`want-${1000 + at}`)));
      await crmOf().record(aRecord({ dealId: 'want-1003' }), 'w1');
      const found = (await waiting()).filter((dealId) => dealId.startsWith('want-'));
      expect(found).toEqual(ids.filter((dealId) => dealId !== 'want-1003'));
    });

    it('are read with what was asked for them, in their latest round', async () => {
      const dealId = await ask(randomUUID());
      expect(await intake().look(dealId)).toEqual({
        kind: 'wanted',
        request: { ...request, dealId, round: 1 },
        recorded: false,
      });
      await crmOf().record(aRecord({ dealId }), 'w1');
      expect(await intake().look(dealId)).toMatchObject({ kind: 'wanted', recorded: true });
      await ask(dealId, 2);
      expect(await intake().look(dealId)).toMatchObject({ request: { round: 2 }, recorded: false });
      expect(await waiting()).toContain(dealId);
    });

    it('are told what is wrong with their request, once, and what became of earlier ones stays', async () => {
      const dealId = await ask(randomUUID());
      await intake().explain(dealId, 'parties: is \0missing');
      await intake().explain(dealId, 'parties: is missing');
      await ask(dealId, 2, ['no object']);
      expect(await intake().look(dealId)).toMatchObject({ kind: 'unfit', why: saying('documentType') });
      const rows = await open().query(
        'SELECT round, problem FROM contract_requests WHERE deal_id = $1 ORDER BY round',
        [dealId],
      );
      expect(rows).toEqual([
        { round: 1, problem: 'parties: is missing' },
        { round: 2, problem: null },
      ]);
    });

    it('are withdrawn by the mark on their row, and others are nothing to look at', async () => {
      const dealId = await ask(randomUUID());
      await crmOf().record(aRecord({ dealId }), 'w1');
      await open().query('UPDATE deals SET withdrawn_at = now() WHERE deal_id = $1', [dealId]);
      expect(await intake().look(dealId)).toEqual({ kind: 'withdrawn', why: 'no reason given' });
      expect(await intake().look(randomUUID())).toEqual({ kind: 'other' });
    });
  });

  it('writes neither billing nor deal when one of them cannot be written', async () => {
    const record = aRecord({ signedAt: 'no time at all' });
    await expect(crmOf().record(record, 'w1')).rejects.toMatchObject({ name: 'CrmError', kind: 'refused' });
    expect(await open().query('SELECT * FROM billing WHERE deal_id = $1', [record.dealId])).toEqual([]);
  });

  it('shows on the deal where its signed PDF is, and does not touch the row at the second attach', async () => {
    const record = aRecord({ stage: 'filing' });
    const crm = crmOf();
    const deal = { dealId: record.dealId, round: 1, envelopeId: 'env_1' };
    const look = () => open().query('SELECT *, xmin::text FROM deals WHERE deal_id = $1', [record.dealId]);
    await crm.record(record, 'w1');
    await crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'a1');
    const [row] = await look();
    expect(row).toMatchObject({
      signed_pdf_uri: aSignedPdf().uri,
      signed_pdf_sha256: aSignedPdf().sha256,
      signed_pdf_bytes: String(PDF_BYTES.length),
      signed_pdf_pages: 2,
    });
    await crm.attach(deal, aSignedPdf(), async () => PDF_BYTES, 'a1');
    expect(await look()).toEqual([row]);
  });

  it('refuses a second, different PDF of the same envelope', async () => {
    const record = aRecord({ stage: 'filing' });
    const deal = { dealId: record.dealId, round: 1, envelopeId: 'env_1' };
    const other = Buffer.from('%PDF-1.7 another');
    await crmOf().record(record, 'w1');
    await crmOf().attach(deal, aSignedPdf(), async () => PDF_BYTES, 'a1');
    const second = crmOf().attach(deal, aSignedPdf(other), async () => other, 'a2');
    await expect(second).rejects.toThrow(/one_signed_pdf_an_envelope \(SQLSTATE 23505\)/);
    await expect(sqlCrm(open()).attached(record.dealId, 1)).resolves.toHaveLength(1);
  });

  it('refuses to attach to a deal that was never written, and says so without a value of the row', async () => {
    const deal = { dealId: randomUUID(), round: 1, envelopeId: 'env_1' };
    const attach = crmOf().attach(deal, aSignedPdf(), async () => PDF_BYTES, 'a1');
    const error = await attach.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'refused', message: saying('attached_to_a_deal') });
    expect(String(error)).not.toContain(deal.dealId);
  });

  it('drops the NUL that a signer typed into a reason', async () => {
    const record = aRecord({ reason: 'no\0pe', note: 'a \0note' });
    await crmOf().record(record, 'w1');
    expect(await sqlCrm(open()).stored(record.dealId, 1)).toMatchObject({ reason: 'nope' });
    expect(await sqlCrm(open()).notes(record.dealId, 1)).toEqual(['a note']);
  });

  it('writes neither note nor deal when the deal cannot be written', async () => {
    const record = aRecord({ signedAt: 'no time at all', note: 'unseen' });
    await expect(crmOf().record(record, 'w1')).rejects.toMatchObject({ kind: 'refused' });
    expect(await sqlCrm(open()).notes(record.dealId, 1)).toEqual([]);
  });

  it('leaves the deal unwritten when its note cannot be written', async () => {
    const record = aRecord({ note: 'unseen' });
    await open().query('ALTER TABLE deal_notes RENAME TO deal_notes_away');
    try {
      await expect(crmOf().record(record, 'w1')).rejects.toMatchObject({
        kind: 'refused',
        message: saying('npm run setup'),
      });
    } finally {
      await open().query('ALTER TABLE deal_notes_away RENAME TO deal_notes');
    }
    expect(await sqlCrm(open()).stored(record.dealId, 1)).toBeUndefined();
  });

  it('finds that it cannot write notes before the first deal does', async () => {
    await open().query('ALTER TABLE deal_notes RENAME TO deal_notes_away');
    try {
      await expect(crmOf().check()).rejects.toMatchObject({ kind: 'refused', message: saying('42P01') });
    } finally {
      await open().query('ALTER TABLE deal_notes_away RENAME TO deal_notes');
    }
  });

  describe('a deal that the company took back', () => {
    const takeBack = (dealId: string, set: string, values: unknown[] = []) =>
      open().query(`UPDATE deals SET ${set} WHERE deal_id = $1 AND round = 1`, [dealId, ...values]);

    it('is withdrawn for the reason given, and only in its round', async () => {
      const record = aRecord();
      await crmOf().record(record, 'w1');
      await crmOf().record({ ...record, round: 2 }, 'w2');
      await takeBack(record.dealId, "withdrawn_at = now(), withdrawn_reason = '  lost to a competitor\n'");
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBe('lost to a competitor');
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 2 })).toBeNull();
    });

    it.each([[null], [''], [' \n']])(
      'is withdrawn without a reason too (%j), and says that none was given',
      async (reason) => {
        const record = aRecord();
        await crmOf().record(record, 'w1');
        await takeBack(record.dealId, 'withdrawn_at = now(), withdrawn_reason = $2', [reason]);
        expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBe('no reason given');
      },
    );

    it('shows no more than 300 characters of a reason, and no half of one', async () => {
      const record = aRecord();
      await crmOf().record(record, 'w1');
      await takeBack(record.dealId, 'withdrawn_at = now(), withdrawn_reason = $2', ['😀'.repeat(400)]);
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBe('😀'.repeat(300));
    });

    it('is wanted again once the company has taken the withdrawal back', async () => {
      const record = aRecord();
      await crmOf().record(record, 'w1');
      await takeBack(record.dealId, "withdrawn_at = now(), withdrawn_reason = 'a slip'");
      await takeBack(record.dealId, 'withdrawn_at = NULL');
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBeNull();
    });

    it('stays withdrawn when Countersign writes the deal and attaches to it', async () => {
      const record = aRecord();
      await crmOf().record(record, 'w1');
      await takeBack(record.dealId, "withdrawn_at = now(), withdrawn_reason = 'lost'");
      await crmOf().record({ ...record, version: 2, stage: 'filing', note: 'signed all the same' }, 'w2');
      const deal = { dealId: record.dealId, round: 1, envelopeId: 'env_1' };
      await crmOf().attach(deal, aSignedPdf(), async () => PDF_BYTES, 'a1');
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBe('lost');
    });

    it('may be deleted with its notes, and is written anew by the next record', async () => {
      const record = aRecord({ note: 'to be forgotten' });
      await crmOf().record(record, 'w1');
      await open().query('DELETE FROM deals WHERE deal_id = $1', [record.dealId]);
      expect(await crmOf().withdrawn({ dealId: record.dealId, round: 1 })).toBeNull();
      await crmOf().record({ ...aRecord({ dealId: record.dealId }), version: 2 }, 'w2');
      expect(await sqlCrm(open()).stored(record.dealId, 1)).toMatchObject({ version: 2 });
      expect(await sqlCrm(open()).notes(record.dealId, 1)).toEqual([]);
    });
  });
}
