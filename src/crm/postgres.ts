/** The `postgres` CRM: a deal row, a billing row, contracts, notes and attachments of each deal, in a database of the company's own. */
import { z } from 'zod';
import type { SignedPdf } from '../deal/snapshot.js';
import type { Stage } from '../deal/stages.js';
import type { CrmRecord } from '../deal/state.js';
import { CrmError, type Crm } from './crm.js';
import type { Database } from './database.js';
import type { CrmIntake } from './intake.js';
import { missingMigrations } from './migrate.js';
import { sqlError } from './sql-errors.js';

const UPSERT_BILLING = `
  INSERT INTO billing AS stored (deal_id, round, version, envelope_id, status)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (deal_id, round) DO UPDATE SET
    version = excluded.version, envelope_id = excluded.envelope_id, status = excluded.status, updated_at = now()
  WHERE stored.version < excluded.version`;

const UPSERT_DEAL = `
  INSERT INTO deals AS stored (deal_id, round, version, stage, crm_stage, document_type, envelope_id, review_url,
    outcome, reason, signed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (deal_id, round) DO UPDATE SET
    version = excluded.version, stage = excluded.stage, crm_stage = excluded.crm_stage,
    document_type = excluded.document_type, envelope_id = excluded.envelope_id, review_url = excluded.review_url,
    outcome = excluded.outcome, reason = excluded.reason, signed_at = excluded.signed_at, updated_at = now()
  WHERE stored.version < excluded.version`;

const UPSERT_CONTRACT = `
  INSERT INTO contracts AS stored (deal_id, round, envelope_id, version, document_type, status)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (deal_id, round, envelope_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, updated_at = now()
  WHERE stored.version < excluded.version`;

/** A deal has one contract that counts: with the next envelope the one before is settled. */
const REPLACE_OTHERS = `
  UPDATE contracts SET status = 'replaced', version = $4, updated_at = now()
  WHERE deal_id = $1 AND round = $2 AND envelope_id <> $3 AND version < $4 AND status IN ('draft', 'out')`;

/** After the deal it points at. A note is worth reading even when its record was overtaken, but once. */
const INSERT_NOTE = `
  INSERT INTO deal_notes (deal_id, round, version, note)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (deal_id, round, version) DO NOTHING`;

const INSERT_ATTACHMENT = `
  INSERT INTO attachments (deal_id, round, sha256, envelope_id, uri, bytes, pages)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (deal_id, round, sha256) DO NOTHING`;

const POINT_DEAL_AT_PDF = `
  UPDATE deals SET signed_pdf_uri = $3, signed_pdf_sha256 = $4, signed_pdf_bytes = $5, signed_pdf_pages = $6,
    updated_at = now()
  WHERE deal_id = $1 AND round = $2 AND signed_pdf_sha256 IS DISTINCT FROM $4`;

const REASON_CHARACTERS = 300;

const SELECT_WITHDRAWAL = `
  SELECT left(withdrawn_reason, ${REASON_CHARACTERS}) AS reason
  FROM deals WHERE deal_id = $1 AND round = $2 AND withdrawn_at IS NOT NULL`;

const NO_REASON_GIVEN = 'no reason given';

/** Writes nothing, yet fails where a write would: no privilege, or a standby that is read-only. */
const REHEARSAL = [
  'INSERT INTO deals SELECT * FROM deals WHERE false',
  'UPDATE deals SET version = version WHERE false',
  'INSERT INTO billing SELECT * FROM billing WHERE false',
  'UPDATE billing SET version = version WHERE false',
  'INSERT INTO contracts SELECT * FROM contracts WHERE false',
  'UPDATE contracts SET version = version WHERE false',
  'INSERT INTO deal_notes SELECT * FROM deal_notes WHERE false',
  'INSERT INTO attachments SELECT * FROM attachments WHERE false',
  'UPDATE contract_requests SET problem = problem WHERE false',
];

const SELECT_REQUEST = `
  SELECT r.round, r.request, d.deal_id IS NOT NULL AS recorded, d.withdrawn_at IS NOT NULL AS withdrawn,
    left(d.withdrawn_reason, ${REASON_CHARACTERS}) AS reason
  FROM contract_requests r LEFT JOIN deals d USING (deal_id, round)
  WHERE r.deal_id = $1 ORDER BY r.round DESC LIMIT 1`;

/** Of a round that was recorded the deal is known; an earlier round of the same deal is not asked for any more. */
const SELECT_WANTING = `
  SELECT r.deal_id FROM contract_requests r
  WHERE r.deal_id > $1
    AND NOT EXISTS (SELECT FROM contract_requests later WHERE later.deal_id = r.deal_id AND later.round > r.round)
    AND NOT EXISTS (SELECT FROM deals d WHERE d.deal_id = r.deal_id AND d.round = r.round)
  ORDER BY r.deal_id LIMIT $2`;

const EXPLAIN = `
  UPDATE contract_requests SET problem = $2
  WHERE deal_id = $1 AND problem IS DISTINCT FROM $2
    AND round = (SELECT max(round) FROM contract_requests WHERE deal_id = $1)`;

/** What people were told is settled once there is a contract. */
const SETTLE = `
  UPDATE contract_requests SET problem = NULL WHERE deal_id = $1 AND round = $2 AND problem IS NOT NULL`;

const WANTING_A_PAGE = 200;

/** Which deals want a contract: the rows of `contract_requests`. The CRM that has the same `database` closes it. */
export function createPostgresIntake(database: Database): CrmIntake {
  return {
    async look(dealId) {
      const [row] = await attempt('looking for a contract request', () =>
        database.query<{
          round: number;
          request: unknown;
          recorded: boolean;
          withdrawn: boolean;
          reason: string | null;
        }>(SELECT_REQUEST, [dealId]),
      );
      if (!row) return { kind: 'other' };
      const { round, recorded, reason } = row;
      if (row.withdrawn) return { kind: 'withdrawn', why: reason?.trim() || NO_REASON_GIVEN };
      const request = z.looseObject({ documentType: z.string() }).safeParse(row.request);
      if (!request.success) return { kind: 'unfit', why: 'the request must be an object with a documentType' };
      return { kind: 'wanted', request: { ...request.data, dealId, round }, recorded };
    },

    async wanting(cursor = '') {
      const rows = await attempt('listing contract requests', () =>
        database.query<{ deal_id: string }>(SELECT_WANTING, [cursor, WANTING_A_PAGE]),
      );
      const dealIds = rows.map((row) => row.deal_id);
      return { dealIds, next: dealIds.length < WANTING_A_PAGE ? null : (dealIds.at(-1) ?? null) };
    },

    async explain(dealId, why) {
      await attempt('noting a problem', () => database.query(EXPLAIN, [dealId, storable(why)]));
    },
  };
}

/** The CRM owns `database` and closes it. Write ids are not needed: versions and keys make each write repeatable. */
export function createPostgresCrm(database: Database): Crm {
  return {
    name: 'postgres',

    async record(record) {
      await attempt('writing the deal', () =>
        database.transaction(async (tx) => {
          const { dealId, round, version, envelopeId, stage } = record;
          await tx.query(UPSERT_BILLING, [dealId, round, version, envelopeId, billingStatusOf(stage)]);
          await tx.query(UPSERT_DEAL, dealValues(record));
          if (envelopeId !== null) {
            const status = billingStatusOf(stage);
            await tx.query(UPSERT_CONTRACT, [dealId, round, envelopeId, version, record.documentType, status]);
            await tx.query(REPLACE_OTHERS, [dealId, round, envelopeId, version]);
          }
          await tx.query(SETTLE, [dealId, round]);
          if (record.note) await tx.query(INSERT_NOTE, [dealId, round, version, storable(record.note)]);
        }),
      );
    },

    async withdrawn({ dealId, round }) {
      const [row] = await attempt('looking for a withdrawal', () =>
        database.query<{ reason: string | null }>(SELECT_WITHDRAWAL, [dealId, round]),
      );
      // No row: the company keeps the deal, or it has not been recorded yet.
      return row ? row.reason?.trim() || NO_REASON_GIVEN : null;
    },

    async attach({ dealId, round, envelopeId }, pdf: SignedPdf) {
      await attempt('attaching the signed PDF', () =>
        database.transaction(async (tx) => {
          const { uri, sha256, bytes, pages } = pdf;
          await tx.query(INSERT_ATTACHMENT, [dealId, round, sha256, envelopeId, uri, bytes, pages]);
          await tx.query(POINT_DEAL_AT_PDF, [dealId, round, uri, sha256, bytes, pages]);
        }),
      );
    },

    async check() {
      await attempt('checking the database', async () => {
        const missing = await missingMigrations(database);
        if (missing.length > 0) {
          throw new CrmError('refused', `The database schema lacks ${missing.join(', ')}: run npm run setup.`);
        }
        await database.transaction(async (tx) => {
          for (const statement of REHEARSAL) await tx.query(statement);
        });
      });
    },

    close: () => database.close(),
  };
}

async function attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw sqlError(error, doing);
  }
}

function dealValues(record: CrmRecord): unknown[] {
  return [
    record.dealId,
    record.round,
    record.version,
    record.stage,
    record.crmStage ?? null,
    record.documentType,
    record.envelopeId,
    record.reviewUrl,
    record.outcome,
    record.reason === null ? null : storable(record.reason),
    record.signedAt,
  ];
}

/** Signers and vendors type reasons and notes; PostgreSQL's text cannot hold a NUL. */
function storable(text: string): string {
  return text.replaceAll('\0', '');
}

/** `draft`: nothing is out. `out`: with the signers. `signed`: to be billed. `closed`: ended without a signature. */
function billingStatusOf(stage: Stage): 'draft' | 'out' | 'signed' | 'closed' {
  switch (stage) {
    case 'preparing':
    case 'detecting':
    case 'in-review':
    case 'sending':
      return 'draft';
    case 'out-for-signature':
      return 'out';
    case 'filing':
    case 'completed':
      return 'signed';
    case 'declined':
    case 'voided':
    case 'expired':
    case 'cancelled':
      return 'closed';
  }
}
