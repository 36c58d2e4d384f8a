/** The `postgres` CRM as its company sees it: the tables themselves. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { CrmDeal, CrmRecord, StageHeard, TrialCrm } from '../soak/crm.js';
import type { Finding } from '../soak/world.js';

export interface CrmTables extends TrialCrm {
  /** What the tables say against each other, once all deals have ended. */
  findings(): Promise<Finding[]>;
  close(): Promise<void>;
}

const LOOK_MS = 250;
/** A row is stamped with its transaction's begin, so one that is seen later may be the older. */
const OVERLAP_MS = 5000;
const PATIENCE_MS = 60_000;

/** Watches the tables of `url`; a server that is away is waited for. */
export function watchTables(url: string, heard: StageHeard): CrmTables {
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2000, query_timeout: 10_000 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const closed = new AbortController();
  const watchers = new Map<string, Set<() => void>>();
  const rows = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    for (const giveUp = Date.now() + PATIENCE_MS; ;) {
      try {
        return (await pool.query<Row>(text, values)).rows;
      } catch (error) {
        if (Date.now() > giveUp || closed.signal.aborted) throw error;
        await wait(LOOK_MS);
      }
    }
  };
  const watching = watch(rows, closed.signal, (dealId, stage, at) => {
    heard(dealId, stage, at);
    for (const done of [...(watchers.get(dealId) ?? [])]) done();
  });
  return {
    deal: (dealId) => readDeal(rows, dealId),
    async remove(dealId) {
      await rows(`UPDATE deals SET withdrawn_at = now(), withdrawn_reason = 'deleted' WHERE deal_id = $1`, [dealId]);
    },
    written(dealId, ms) {
      const own = watchers.get(dealId) ?? new Set();
      watchers.set(dealId, own);
      return new Promise((resolve) => {
        const done = (): void => {
          own.delete(done);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(done, ms);
        own.add(done);
      });
    },
    findings: async () =>
      (await rows<{ deal_id: string; what: string }>(DISAGREEMENTS)).map(({ deal_id: dealId, what }) => ({
        counts: 'mismatch',
        dealId,
        what,
      })),
    async close() {
      closed.abort();
      await watching;
      await pool.end();
    },
  };
}

type Rows = <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

async function watch(rows: Rows, signal: AbortSignal, heard: StageHeard): Promise<void> {
  const known = new Map<string, string>();
  let seen = Date.now();
  while (!signal.aborted) {
    const moved = await rows<{ deal_id: string; stage: string; at: number }>(
      `SELECT deal_id, stage, (extract(epoch FROM updated_at) * 1000)::float8 AS at FROM deals
       WHERE updated_at > to_timestamp($1::float8 / 1000) ORDER BY updated_at`,
      [seen - OVERLAP_MS],
    ).catch(() => []);
    for (const { deal_id: dealId, stage, at } of moved) {
      seen = Math.max(seen, at);
      if (known.get(dealId) === stage) continue;
      known.set(dealId, stage);
      heard(dealId, stage, at);
    }
    await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function readDeal(rows: Rows, dealId: string): Promise<CrmDeal> {
  const [record] = await rows<CrmRecord>(
    `SELECT version, stage, outcome, envelope_id AS "envelopeId", reason, signed_at::text AS "signedAt"
     FROM deals WHERE deal_id = $1`,
    [dealId],
  );
  const notes = await rows<{ note: string }>('SELECT note FROM deal_notes WHERE deal_id = $1', [dealId]);
  const attached = await rows<{ sha256: string; envelope_id: string; uri: string }>(
    'SELECT sha256, envelope_id, uri FROM attachments WHERE deal_id = $1',
    [dealId],
  );
  const attachments = attached.map(async ({ sha256, envelope_id: envelopeId, uri }) => {
    const bytes = await readFile(new URL(uri)).catch(() => Buffer.alloc(0));
    return { sha256, envelopeId, whole: createHash('sha256').update(bytes).digest('hex') === sha256 };
  });
  return {
    record: record ?? null,
    notes: notes.map(({ note }) => note),
    attachments: await Promise.all(attachments),
    gone: false,
    contradictions: [],
  };
}

const DISAGREEMENTS = `
  SELECT d.deal_id, 'the deal is ' || d.stage || ', billing says ' || coalesce(b.status, 'nothing') AS what
  FROM deals d LEFT JOIN billing b USING (deal_id, round)
  WHERE d.outcome IS NOT NULL
    AND (b.status IS DISTINCT FROM CASE d.stage WHEN 'completed' THEN 'signed' ELSE 'closed' END
      OR b.envelope_id IS DISTINCT FROM d.envelope_id)
  UNION ALL
  SELECT d.deal_id, 'the deal is ' || d.stage || ', its contract ' || c.envelope_id || ' is ' || c.status
  FROM deals d JOIN contracts c USING (deal_id, round)
  WHERE d.outcome IS NOT NULL
    AND (c.status IN ('draft', 'out') OR (c.status = 'signed') <> (d.stage = 'completed' AND c.envelope_id = d.envelope_id))`;
