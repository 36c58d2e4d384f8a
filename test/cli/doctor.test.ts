import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { atlasCheck } from '../../src/cli/atlas-check.js';
import type { Check } from '../../src/cli/check.js';
import { probe } from '../../src/cli/check.js';
import { examine, type DoctorParts, type DoctorReport } from '../../src/cli/doctor.js';
import { readable } from '../../src/cli/report.js';
import { publicUrlCheck } from '../../src/cli/settings-checks.js';
import type { TemporalPart } from '../../src/cli/temporal-checks.js';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { apiKeyIdOf } from '../../src/signing/atlas/api-key-id.js';
import { createAtlasClient } from '../../src/signing/atlas/client.js';
import { freePort } from '../../src/stack/ports.js';
import { openTemporal } from '../../src/temporal/connection.js';
import { ensureNamespace } from '../../src/temporal/search-attributes.js';
import { openDeals, type OpenDeals } from './open-deals.js';

const KEYS = { today: 'the-key-of-today', old: 'the-key-of-last-year', lost: 'a-key-nobody-kept' };
const ring = (...previous: string[]) => ({ current: apiKeyIdOf(KEYS.today), previous: previous.map(apiKeyIdOf) });

/** An open deal whose envelope was made with the key. */
const outBy = (key: string): Partial<DealSnapshot> => ({
  provider: 'atlas',
  stage: 'out-for-signature',
  envelopeId: 'env_1',
  apiKeyId: apiKeyIdOf(key),
});

const named = ({ checks }: DoctorReport, name: string): Check[] => checks.filter((check) => check.name === name);

let deals: OpenDeals;
beforeAll(async () => {
  deals = await openDeals();
}, 120_000);
afterAll(() => deals.stop());

function onTemporal(over: Partial<TemporalPart> = {}): TemporalPart {
  const { temporal, address, taskQueue } = deals;
  return { temporal, address, namespace: 'default', taskQueue, ...over };
}

const withKeys = (...previous: string[]): DoctorParts => ({
  settings: [],
  probes: [],
  temporal: onTemporal(),
  keyRing: ring(...previous),
});

describe('the doctor, of the keys that open deals depend on', () => {
  afterEach(() => deals.endAll());

  it('says how many were made with which key, and which of the keys must stay', async () => {
    await deals.open({
      'deal-1': outBy(KEYS.today),
      'deal-2': outBy(KEYS.old),
      'deal-2-2': outBy(KEYS.old),
      'deal-3': { provider: 'atlas', stage: 'preparing', envelopeId: null, apiKeyId: null },
    });
    const report = await examine(withKeys('unused', KEYS.old));
    expect(report.ok).toBe(true);
    expect(report.keys).toMatchObject({
      current: { count: 1, deals: ['deal-1'] },
      previous: [
        { entry: 1, count: 0, removable: true },
        { entry: 2, count: 2, removable: false },
      ],
      missing: [],
      withoutEnvelope: { count: 1, deals: ['deal-3'] },
    });
    const [unused, old] = named(report, 'ATLAS_PREVIOUS_API_KEYS');
    expect(unused).toMatchObject({ status: 'warning' });
    expect(unused?.message).toMatch(/^entry 1 .* may be removed from ATLAS_PREVIOUS_API_KEYS/);
    expect(old).toMatchObject({ status: 'ok' });
    expect(old?.message).toMatch(/^entry 2 .* made 2 open deals: keep it until they have ended: deal-2/);
    expect(JSON.stringify(report)).not.toContain(KEYS.old);
  });

  it('finds a problem in a key that was taken away too early, and says which to put back', async () => {
    await deals.open({ 'deal-1': outBy(KEYS.lost) });
    const report = await examine(withKeys());
    expect(report).toMatchObject({
      ok: false,
      keys: { missing: [{ apiKeyId: apiKeyIdOf(KEYS.lost), deals: ['deal-1'] }] },
    });
    const [missing] = named(report, 'ATLAS_PREVIOUS_API_KEYS');
    expect(missing).toMatchObject({ status: 'problem' });
    expect(missing?.message).toContain('deal-1. Their webhooks are refused with 401');
    expect(missing?.fix).toContain(`fingerprint ${apiKeyIdOf(KEYS.lost)} back into ATLAS_PREVIOUS_API_KEYS`);
  });

  it('counts and names the deals that do not answer, and lets no key go because of them', async () => {
    await deals.open({ 'deal-1': outBy(KEYS.today), 'deal-mute': null });
    await deals.open({ 'deal-elsewhere': outBy(KEYS.old) }, 'a queue without a worker');
    const report = await examine(withKeys(KEYS.old), { answerMs: 500 });
    expect(report.ok).toBe(true);
    expect(report.keys?.unanswered.count).toBe(2);
    expect(report.keys?.unanswered.deals.sort()).toEqual(['deal-elsewhere', 'deal-mute']);
    expect(report.keys?.previous).toMatchObject([{ count: 0, removable: false }]);
    const [silent] = named(report, 'open deals');
    expect(silent).toMatchObject({ status: 'warning' });
    expect(silent?.message).toMatch(/^2 open deals did not answer: deal-/);
  });

  it('warns of deals of an older version, which do not tell their key', async () => {
    await deals.open({ 'deal-1': { stage: 'in-review', envelopeId: 'env_1' } });
    const report = await examine(withKeys(KEYS.old));
    expect(report.keys).toMatchObject({ unknown: { count: 1 }, previous: [{ removable: false }] });
    expect(named(report, 'ATLAS_PREVIOUS_API_KEYS').map(({ status }) => status)).toEqual(['ok', 'warning']);
  });

  it('leaves a deal out that has just ended but is still in the list', async () => {
    await deals.open({ 'deal-1': { ...outBy(KEYS.lost), stage: 'completed' } });
    const report = await examine(withKeys());
    expect(report).toMatchObject({ ok: true, keys: { current: { count: 0 }, missing: [] } });
  });

  it('asks more deals than fit at once, each once, and tells how far it is', async () => {
    const many = Object.fromEntries(Array.from({ length: 35 }, (_, index) => [`deal-${index}`, outBy(KEYS.today)]));
    await deals.open(many);
    const steps: string[] = [];
    const report = await examine(withKeys(), { progress: (asked, all) => steps.push(`${asked}/${all}`) });
    expect(report.keys?.current.deals.sort()).toEqual(Object.keys(many).sort());
    expect(steps).toHaveLength(35);
    expect(steps.at(-1)).toBe('35/35');
  });
});

describe('the doctor, when no deal answers', () => {
  afterEach(() => deals.endAll());

  it('does not wait for each of them, and names them all', async () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`deal-${index}`, outBy(KEYS.today)]));
    await deals.open(many, 'a queue without a worker');
    const getHandle = vi.spyOn(deals.temporal.client.workflow, 'getHandle');
    const report = await examine(withKeys(), { answerMs: 50 });
    const asked = getHandle.mock.calls.length;
    getHandle.mockRestore();
    expect(report.keys?.unanswered.deals.sort()).toEqual(Object.keys(many).sort());
    expect(asked).toBeGreaterThanOrEqual(50);
    expect(asked).toBeLessThan(70);
  });
});

describe('the doctor, of Temporal', () => {
  const look = (over: Partial<TemporalPart>) =>
    examine({ settings: [], probes: [], temporal: onTemporal(over), keyRing: ring() });

  it('is content with a server that is set up and has a worker', async () => {
    const report = await look({});
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'Temporal: ok',
      'namespace: ok',
      'search attributes: ok',
      'worker: ok',
      'ATLAS_API_KEY: ok',
    ]);
  });

  it('says that nobody takes the tasks of the queue, and asks no deal in vain', async () => {
    const report = await look({ taskQueue: 'misspelt' });
    expect(report).toMatchObject({ ok: false, keys: null });
    const [worker] = named(report, 'worker');
    expect(worker).toMatchObject({ status: 'problem' });
    expect(worker?.message).toContain('misspelt');
    expect(worker?.fix).toContain('npm run worker');
    expect(named(report, 'API keys of open deals')).toMatchObject([{ status: 'skipped' }]);
  });

  it('says that the namespace does not exist', async () => {
    const report = await look({ namespace: 'nowhere' });
    expect(report).toMatchObject({ ok: false, keys: null });
    expect(named(report, 'Temporal')).toMatchObject([{ status: 'ok' }]);
    expect(named(report, 'namespace')).toMatchObject([{ status: 'problem', message: 'nowhere does not exist' }]);
  });

  it('says which search attributes are missing or of another type', async () => {
    const { connection } = deals.temporal;
    await ensureNamespace(connection, 'bare');
    const bare = await look({ namespace: 'bare' });
    expect(named(bare, 'search attributes')).toMatchObject([{ status: 'problem' }]);
    expect(named(bare, 'search attributes')[0]?.message).toMatch(/^bare lacks .*EnvelopeId/);
    expect(named(bare, 'search attributes')[0]?.fix).toContain('npm run setup');

    // Types as Temporal numbers them: 1 is TEXT, 2 KEYWORD, 6 DATETIME.
    const names = Object.keys(SEARCH_ATTRIBUTES);
    const searchAttributes = { ...Object.fromEntries(names.map((name) => [name, 2])), EnvelopeId: 1, StageSince: 6 };
    await connection.operatorService.addSearchAttributes({ namespace: 'bare', searchAttributes });
    await vi.waitFor(async () => {
      const odd = await look({ namespace: 'bare' });
      expect(named(odd, 'search attributes')[0]?.message).toContain('EnvelopeId must be KEYWORD');
    });
  });

  it('says that the server does not answer, and stops there', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const temporal = openTemporal({ connectionOptions: { address }, namespace: 'default' });
    const report = await look({ temporal, address });
    await temporal.connection.close();
    expect(report).toMatchObject({ ok: false, keys: null });
    const [away] = named(report, 'Temporal');
    expect(away).toMatchObject({ status: 'problem' });
    expect(away?.message).toContain(`${address} does not answer`);
    expect(away?.fix).toContain('TEMPORAL_ADDRESS');
  });
});

describe('the doctor, of Atlas', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ keys: [{ key: KEYS.today, organisation: 'ours' }] });
  });
  afterAll(() => sandbox.stop());

  async function look(baseUrl: string, apiKey: string): Promise<Check> {
    const client = createAtlasClient({ baseUrl, apiKey });
    return atlasCheck(client, baseUrl).finally(() => client.close());
  }

  it('is content when Atlas takes the key', async () => {
    expect(await look(sandbox.url, KEYS.today)).toMatchObject({ status: 'ok' });
  });

  it('names the variable of a key that Atlas refuses, and not the key', async () => {
    const check = await look(sandbox.url, KEYS.old);
    expect(check).toMatchObject({ status: 'problem' });
    expect(check.message).toMatch(/refuses ATLAS_API_KEY .* 401/);
    expect(check.fix).toContain('ATLAS_API_KEY_FILE');
    expect(JSON.stringify(check)).not.toContain(KEYS.old);
  });

  it('says what to check when nobody answers', async () => {
    const check = await look(`http://127.0.0.1:${await freePort()}`, KEYS.today);
    expect(check).toMatchObject({ status: 'problem' });
    expect(check.message).toContain('ECONNREFUSED');
    expect(check.fix).toContain('ATLAS_BASE_URL');
  });

  it.each([
    [200, '<html>Welcome</html>', 'problem', 'ATLAS_BASE_URL'],
    [404, '', 'problem', 'ATLAS_BASE_URL'],
    [403, '{}', 'problem', 'settle it with Atlas'],
    [503, '', 'warning', 'again'],
  ])('tells a server that answers %i apart', async (code, text, status, fix) => {
    const server = createServer((_request, response) => response.writeHead(code).end(text));
    const port = await freePort();
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    const check = await look(`http://127.0.0.1:${port}`, KEYS.today).finally(() => server.close());
    expect(check).toMatchObject({ status });
    expect(check.fix).toContain(fix);
  });
});

describe('the doctor, of settings', () => {
  it('tells a problem that two processes share once, with how to mend it', async () => {
    const shared = 'ATLAS_API_KEY: is not set; for example ATLAS_API_KEY=the API key of your Atlas account';
    const report = await examine({
      settings: [
        { process: 'worker', problems: [shared] },
        { process: 'gateway', problems: [shared, 'PORT: must be a port number; for example PORT=8080'] },
      ],
      probes: [],
    });
    expect(report).toEqual({
      ok: false,
      keys: null,
      checks: [
        {
          name: 'ATLAS_API_KEY',
          status: 'problem',
          message: 'is not set (worker, gateway)',
          fix: 'For example ATLAS_API_KEY=the API key of your Atlas account',
        },
        {
          name: 'PORT',
          status: 'problem',
          message: 'must be a port number (gateway)',
          fix: 'For example PORT=8080',
        },
        expect.objectContaining({ status: 'skipped' }),
      ],
    });
  });

  it.each([
    ['http://localhost:8080/webhooks/atlas', true, 'warning'],
    ['http://127.0.0.1:8080/webhooks/atlas', true, 'warning'],
    ['http://[::1]:8080/webhooks/atlas', true, 'warning'],
    ['http://localhost:8080/webhooks/atlas', false, 'ok'],
    ['https://countersign.example.com/webhooks/atlas', true, 'ok'],
    ['https://localhost.example.com/webhooks/atlas', true, 'ok'],
  ])('of webhooks to %s in production (%s) says %s', (webhookUrl, production, status) => {
    expect(publicUrlCheck(webhookUrl, production)).toMatchObject({ name: 'PUBLIC_URL', status });
  });
});

describe('the report', () => {
  it('is a line for each check, in order, with how to mend what is wrong, and the count at the end', async () => {
    const report = await examine({
      settings: [{ process: 'worker', problems: [] }],
      probes: [
        probe('slow', () => new Promise((done) => setImmediate(() => done('it works'))), 'unused'),
        probe('CRM', async () => Promise.reject(new Error('no such table\nat line 3')), 'Run npm run setup.'),
        async () => [publicUrlCheck('http://localhost/webhooks/atlas', true)],
      ],
    });
    expect(readable(report).split('\n')).toEqual([
      'ok       settings: those of the worker can be used',
      'ok       slow: it works',
      'PROBLEM  CRM: no such table',
      '         -> Run npm run setup.',
      expect.stringMatching(/^warning {2}PUBLIC_URL: /),
      expect.stringMatching(/^ {9}-> Set PUBLIC_URL/),
      '',
      '1 problem, 1 warning.',
      '',
    ]);
  });

  it('says so when all is well', async () => {
    expect(readable(await examine({ settings: [], probes: [] }))).toContain('All is well.');
  });
});
