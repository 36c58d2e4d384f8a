import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { aPostgres, postgresAtHand } from '../support/postgres.js';
import { aTcpSaboteur } from '../support/tcp-saboteur.js';
import { aWire, dealsGoThrough, nameOn, type Company } from './over-a-crm.js';

async function onPostgres(strike: () => Promise<void>): Promise<Company> {
  const postgres = await aPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const wire = aWire();
  const { hostname, port } = new URL(postgres.url);
  const between = await aTcpSaboteur({
    host: hostname,
    port: Number(port),
    strikes(message) {
      const name = nameOn(wire, message.toString('latin1'));
      if (name === undefined || !wire.strikes.delete(name)) return false;
      wire.struck.push(name);
      return true;
    },
    strike,
  });
  const through = new URL(postgres.url);
  through.host = `127.0.0.1:${between.port}`;

  return {
    env: { CRM: 'postgres', DATABASE_URL: through.href, CRM_BACKFILL_EVERY: '1 second' },
    wire,
    completed: 'Closed won',
    async enter(count, { documentUri, processOf, run }) {
      const ids = Array.from({ length: count }, () => `D-${randomUUID()}`);
      for (const id of ids) {
        wire.deals.add(id);
        const request = {
          documentType: 'order-form',
          document: { uri: documentUri },
          parties: [
            { email: 'sam@buyer.example', role: 'Customer' },
            { email: 'kim@seller.example', role: 'Company' },
          ],
        };
        await pool.query('INSERT INTO contract_requests (deal_id, request) VALUES ($1, $2)', [id, request]);
      }
      if (count > 1) return ids;
      // Before the schedule comes to it, or beside it: a deal is started once.
      const { code, said } = await run(processOf('cli', {}, ['deals', 'backfill', '--json']));
      expect(code, said).toBe(0);
      const { ok, deals } = JSON.parse(said) as { ok: boolean; deals: { dealId: string }[] };
      expect([ok, deals.every(({ dealId }) => ids.includes(dealId))]).toEqual([true, true]);
      return ids;
    },
    async stands(dealId) {
      const { rows } = await pool.query<{ stage: string; envelope_id: string; billed: string; attached: string[] }>(
        `SELECT crm_stage AS stage, d.envelope_id, b.status AS billed,
           ARRAY(SELECT sha256 FROM attachments a WHERE a.deal_id = d.deal_id) AS attached
         FROM deals d JOIN billing b USING (deal_id, round) WHERE d.deal_id = $1`,
        [dealId],
      );
      const [row] = rows;
      return {
        stage: row?.stage,
        envelopeId: row?.billed === 'signed' && row.envelope_id,
        attached: row?.attached ?? [],
      };
    },
    async close() {
      await between.close();
      await pool.end();
      await postgres.stop();
    },
  };
}

const absent = postgresAtHand() === undefined;
if (absent) console.warn('SKIPPED: no PostgreSQL found. Debian: apt-get install postgresql, or set DATABASE_URL_TEST.');

describe.skipIf(absent)('deals of a PostgreSQL database go through (skipped without one)', () => {
  dealsGoThrough('s3', onPostgres);
});
