/** The built CLI as a process of its own, as operators run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../src/cli/check.js';
import { openDatabase } from '../../src/crm/database.js';
import { migrate } from '../../src/crm/migrate.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { apiKeyIdOf } from '../../src/signing/atlas/api-key-id.js';
import { freePort } from '../../src/stack/ports.js';
import { aGateway, type AGateway } from '../gateway/a-gateway.js';
import { openDeals, type OpenDeals } from './open-deals.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-cli-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs it in `home`, with these settings and no others. */
async function countersign(args: string[], settings: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
}

describe('the CLI', () => {
  it.each([
    ['no command', []],
    ['a command it does not know', ['doktor']],
    ['an option it does not know', ['doctor', '--jason']],
    ['a process it does not know', ['doctor', '--only', 'sandbox']],
    ['words too many', ['doctor', 'who']],
  ])('ends with code 2 on %s and says where help is', async (_what, args) => {
    const { code, out, err } = await countersign(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('--help');
  });

  it('shows its commands when asked', async () => {
    const { code, out } = await countersign(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('doctor');
  });
});

describe('countersign doctor with rubbish for settings', () => {
  const rubbish = async () => ({
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    ATLAS_API_KEY: 'a key with spaces',
    PORT: 'eighty',
    GATEWAY_TOKENS: 'operator:anna:short',
    CRM: 'http',
    CRM_URL: 'ftp://crm.example.com',
    CRM_SECRET: 'this-secret-stays-secret',
  });

  it('ends with code 1 and a line for each problem, that of Temporal among them, and shows no secret', async () => {
    const { code, out, err } = await countersign(['doctor'], await rubbish());
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('PROBLEM  ATLAS_API_KEY: must be one line without spaces (worker, gateway)\n');
    expect(out).toContain('PROBLEM  PORT: must be a port number');
    expect(out).toContain('PROBLEM  CRM_URL: must be a web address (http: or https:) (worker)\n');
    expect(out).toContain('-> For example CRM_URL=https://crm.example.com/countersign\n');
    expect(out).toMatch(/PROBLEM {2}GATEWAY_TOKENS: entry 1 .* \(gateway\)/);
    expect(out).not.toMatch(/a key with spaces|anna:short|this-secret/);
  });

  it('says the same as one JSON object', async () => {
    const { code, out } = await countersign(['doctor', '--json', '--only', 'gateway'], await rubbish());
    expect(code).toBe(1);
    const report = JSON.parse(out) as { ok: boolean; checks: Check[]; keys: unknown };
    expect(report).toMatchObject({ ok: false, keys: null });
    const problems = report.checks.filter(({ status }) => status === 'problem');
    expect(problems.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ATLAS_API_KEY', 'PORT', 'GATEWAY_TOKENS']),
    );
    expect(problems.map(({ name }) => name)).not.toContain('CRM_URL');
    expect(problems.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
  });
});

describe('countersign doctor beside a stack that runs', () => {
  let deals: OpenDeals;
  let sandbox: Sandbox;
  let gateway: AGateway;
  let settings: Record<string, string>;

  beforeAll(async () => {
    deals = await openDeals();
    sandbox = await startSandbox({ keys: [{ key: 'key-of-today', organisation: 'ours' }] });
    gateway = aGateway();
    await mkdir(join(home, 'data'), { recursive: true });
    await writeFile(join(home, 'document-types.json'), '{"order-form": {}}');
    const database = await openDatabase({ folder: join(home, 'data/crm') });
    await migrate(database).finally(() => database.close());
    settings = {
      TEMPORAL_ADDRESS: deals.address,
      TASK_QUEUE: deals.taskQueue,
      ATLAS_BASE_URL: sandbox.url,
      ATLAS_API_KEY: 'key-of-today',
      ATLAS_PREVIOUS_API_KEYS: 'key-of-last-year',
      PUBLIC_URL: await gateway.app.listen({ host: '127.0.0.1', port: 0 }),
    };
    await deals.open({
      'deal-1': { stage: 'out-for-signature', envelopeId: 'env_1', apiKeyId: apiKeyIdOf('key-of-last-year') },
    });
  }, 180_000);
  afterAll(async () => {
    await deals?.stop();
    await sandbox?.stop();
    await gateway?.app.close();
  });

  it('finds nothing to mend, and says which key must stay', async () => {
    const { code, out } = await countersign(['doctor'], settings);
    expect(out).toContain('All is well.');
    expect(out).toContain(`the gateway answers at ${settings.PUBLIC_URL}\n`);
    expect(out).toContain('all that the client uses is as /openapi.json describes it\n');
    expect(out).toContain('made 1 open deal: keep it until they have ended: deal-1\n');
    expect(out).not.toMatch(/key-of-/);
    expect(code).toBe(0);
  });

  it('looks only at what the gateway needs, and says so as JSON', async () => {
    const { code, out } = await countersign(['doctor', '--only', 'gateway', '--json'], settings);
    const report = JSON.parse(out) as { checks: Check[]; keys: unknown };
    expect(code).toBe(0);
    expect(report.keys).toMatchObject({ current: { count: 0 }, previous: [{ entry: 1, count: 1, deals: ['deal-1'] }] });
    expect(report.checks.map(({ name }) => name)).not.toContain('CRM');
  });

  it('does not disturb a worker that has the embedded database open', async () => {
    const database = await openDatabase({ folder: join(home, 'data/crm') });
    const { code, out } = await countersign(['doctor'], settings).finally(() => database.close());
    expect(out).toContain(`in use by process ${process.pid}`);
    expect(code).toBe(0);
  });

  it('ends with code 1 when Atlas has changed its API, and names what is no longer so', async () => {
    const atlas = await startSandbox({
      keys: [{ key: 'key-of-today', organisation: 'ours' }],
      settings: { openapi: 'drifted' },
    });
    const elsewhere = { ...settings, ATLAS_BASE_URL: atlas.url };
    const { code, out } = await countersign(['doctor', '--only', 'gateway'], elsewhere).finally(() => atlas.stop());
    expect(out).toContain('PROBLEM  Atlas API: POST /api/envelope/{id}/void: the route takes PUT only\n');
    expect(code).toBe(1);
  });

  it('says that the identity provider does not give its keys', async () => {
    const OIDC_ISSUER = `http://127.0.0.1:${await freePort()}/`;
    const oidc = { ...settings, OIDC_ISSUER, OIDC_AUDIENCE: 'countersign' };
    const { code, out } = await countersign(['doctor', '--only', 'gateway'], oidc);
    expect(out).toMatch(/PROBLEM {2}OIDC_ISSUER: .* does not answer: ECONNREFUSED/);
    expect(code).toBe(1);
  });

  it('ends with code 1 when the database of the CRM does not answer', async () => {
    const elsewhere = { ...settings, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    const { code, out } = await countersign(['doctor', '--only', 'worker'], elsewhere);
    expect(out).toMatch(/PROBLEM {2}CRM: .*ECONNREFUSED/);
    expect(code).toBe(1);
  });
});
