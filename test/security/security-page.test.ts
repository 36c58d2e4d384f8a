/** What SECURITY.md has people do, done. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/crm/database.js';
import { migrate } from '../../src/crm/migrate.js';

const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
const statements = (/```sql\n(.*?)```/s.exec(page)?.[1] ?? '')
  .split('\n')
  .map((line) => line.trim())
  .filter(Boolean);

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-erasure-'));
  database = await openDatabase({ folder });
  await migrate(database);
}, 120_000);
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the erasure of a deal', () => {
  it('leaves no row of it in any table, and every row of its neighbours', async () => {
    for (const id of ['42', '421']) {
      await database.query(
        "INSERT INTO deals (deal_id, round, version, stage, document_type) VALUES ($1, 1, 1, 'completed', 'order-form')",
        [id],
      );
      await database.query("INSERT INTO billing (deal_id, round, version, status) VALUES ($1, 1, 1, 'signed')", [id]);
      await database.query(
        "INSERT INTO attachments (deal_id, round, sha256, envelope_id, uri, bytes, pages) VALUES ($1, 1, repeat('a', 64), 'e', 'u', 1, 1)",
        [id],
      );
      await database.query("INSERT INTO deal_notes (deal_id, round, version, note) VALUES ($1, 1, 1, 'n')", [id]);
      await database.query("INSERT INTO contract_requests (deal_id, request) VALUES ($1, '{}')", [id]);
      await database.query(
        "INSERT INTO contracts (deal_id, round, envelope_id, version, document_type, status) VALUES ($1, 1, 'e', 1, 'order-form', 'signed')",
        [id],
      );
    }
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) await database.query(statement, []);
    const tables = await database.query(
      "SELECT table_name FROM information_schema.columns WHERE column_name = 'deal_id' AND table_schema = 'public'",
      [],
    );
    const names = tables.map((row) => String((row as { table_name: string }).table_name));
    expect(names).toHaveLength(6);
    for (const name of names) {
      const left = await database.query(`SELECT deal_id FROM ${name}`, []);
      expect([name, left]).toEqual([name, [{ deal_id: '421' }]]);
    }
  });
});

describe('packages', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  it('come from the lock file alone, each with its checksum', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { integrity?: string; link?: boolean }>;
    };
    const unchecked = Object.entries(packages).filter(([path, { integrity, link }]) => path && !integrity && !link);
    expect(unchecked).toEqual([]);
    const ways = ['Dockerfile', 'scripts/prepare.mjs', 'scripts/test.mjs', '.ci/run'].map(read).join('\n');
    expect(ways).toMatch(/npm ci\b/);
    expect(ways).toMatch(/\['ci',/);
    expect(ways).not.toMatch(/npm (install|i|update|add)\b|\['(install|i|update|add)'/);
  });

  it('are asked after by a script of its own, since the registry of a test may not answer', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts['audit']).toMatch(/^npm audit /);
    expect(page).toContain('npm run audit');
    expect(read('scripts/test.mjs')).not.toContain('audit');
  });
});
