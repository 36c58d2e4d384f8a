/** The commands that ask Temporal and the sink, over runs and events as they would be. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { coverOf, type FeedLife } from '../../../src/cli/migrate/feed-life.js';
import type { ShadowReport, ShadowVerdict } from '../../../src/deal/shadow.js';
import { openCallLog, type CallEntry } from '../../../src/docusign/call-log.js';
import { fingerprintOf } from '../../../src/docusign/fingerprints.js';
import type { FeedRow } from '../../../src/docusign/rows.js';
import { createFileSink } from '../../../src/docusign/sinks/file.js';
import { startDevServer, type StartedDevServer } from '../../support/temporal-servers.js';
import { aPast, migrating, OLD_KEY, OUR_KEY, type Past } from './a-migration.js';

const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
const DAY_MS = 24 * 3_600_000;
const ENVELOPES = {
  ours: 'aaaaaaaa-0000-4000-8000-000000000001',
  forgotten: 'aaaaaaaa-0000-4000-8000-000000000002',
  theirs: 'AAAAAAAA-0000-4000-8000-000000000003',
};
const ADA = 'bbbbbbbb-0000-4000-8000-000000000001';

let server: StartedDevServer;
let past: Past;
let home: string;
beforeAll(async () => {
  server = await startDevServer();
  past = await aPast(server.address);
});
afterAll(async () => {
  await past.close();
  await server.stop();
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-migrate-'));
  await writeFile(
    join(home, 'document-types.json'),
    JSON.stringify({
      'order-form': { provider: 'atlas', docusign: { fields: [] } },
      nda: { provider: { atlas: 60, docusign: 40 }, docusign: { fields: [] }, shadow: 'atlas' },
    }),
  );
});
afterEach(() => rm(home, { recursive: true, force: true }));

const env = (over: Record<string, string> = {}) => ({
  TEMPORAL_ADDRESS: server.address,
  DOCUMENT_TYPES: join(home, 'document-types.json'),
  DOCUSIGN_INTEGRATION_KEY: OUR_KEY,
  DOCUSIGN_USER_ID: ADA,
  DOCUSIGN_PRIVATE_KEY: String(PEM),
  DOCUSIGN_FEEDS: 'customer-events',
  DOCUSIGN_SINK: `file:${join(home, 'events.ndjson')}`,
  DOCUSIGN_FOLDER: join(home, 'docusign'),
  ...over,
});

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
let events = 0;
const anEvent = (over: Record<string, unknown> = {}): FeedRow => ({
  ...{
    _time: `${ago(2 * DAY_MS).slice(0, 19)}Z`,
    source_log_type: 'customerevent',
    vendor: 'docusign',
    product: 'docusign',
  },
  ...{ object: 'Envelope', action: 'Sent', source: 'API', integratorKey: OLD_KEY, userId: ADA },
  ...over,
});

/** The sink holds these and nothing else. */
async function filled(rows: FeedRow[]): Promise<void> {
  const log = { info: () => undefined, warn: () => undefined };
  const sink = createFileSink(join(home, 'events.ndjson'), log);
  await sink.deliver(
    'customer-events',
    rows.map((row) => ({ key: `event-${++events}`, row })),
  );
  await sink.close();
}

let shadows = 0;
async function aShadow(documentType: string, result: ShadowVerdict, over: Partial<ShadowReport> = {}): Promise<void> {
  const report: ShadowReport = {
    ...{ result, why: null, fields: [], missing: 0, extra: 0, signers: [], detection: 'ready', takenAway: true },
    ...{ documentType, workflowId: `deal-s${++shadows}`, revision: 1 },
    ...over,
  };
  await past.ended('shadowDraft', `shadow-deal-s${shadows}-r1`, report, { DocumentType: documentType });
}

describe('countersign migrate compare', () => {
  it('sums shadow drafts up by type, and fails where signatures or signers differ', async () => {
    await aShadow('lease', 'same');
    await aShadow('lease', 'other-fields', {
      fields: [{ role: 'Customer', kind: 'date', deal: 2, shadow: 1 }],
      missing: 1,
    });
    await aShadow('lease', 'not-comparable', { why: 'no-template' });
    const good = async () => (await migrating(['compare', 'lease', '--json'], env())).json();
    await expect.poll(good, { timeout: 10_000 }).toMatchObject({
      ok: true,
      types: [
        {
          documentType: 'lease',
          drafts: 3,
          counts: { same: 1, 'other-fields': 1, differs: 0, 'not-comparable': 1 },
          kinds: [{ kind: 'date', fewer: 1, more: 0 }],
          hindrances: { 'no-template': 1 },
        },
      ],
    });

    await aShadow('waiver', 'differs', {
      fields: [{ role: 'Company', kind: 'signature', deal: 1, shadow: 0 }],
      takenAway: false,
    });
    await expect.poll(async () => (await migrating(['compare'], env())).out, { timeout: 10_000 }).toContain('waiver');
    const { code, out } = await migrating(['compare'], env());
    expect(code).toBe(1);
    expect(out).toContain(`look at deal-s${shadows}: where do signers and signatures differ?`);
    expect(out).toContain(`still at Atlas, to be voided there: the drafts for deal-s${shadows}`);
    expect((await migrating(['compare', 'lease'], env())).code).toBe(0);

    const file = join(home, 'document-types.json');
    await writeFile(file, JSON.stringify({ waiver: { provider: 'docusign', docusign: { fields: [] } } }));
    const ramped = await migrating(['ramp', 'waiver', '10'], env());
    expect(ramped.code).toBe(0);
    expect(ramped.out).toContain('Warning: 1 of 1 shadow drafts have other signatures or signers');
  });

  it('says how to come by some where there are none', async () => {
    const { code, out } = await migrating(['compare', 'memo', '--since', '1d'], env());
    expect(code).toBe(0);
    expect(out).toContain('"shadow": "atlas"');
  });
});

describe('countersign migrate rollback', () => {
  it('says how many deals by Atlas go on', async () => {
    const attributes = { SigningProvider: 'atlas', DocumentType: 'nda' };
    await past.open('signDeal', 'deal-r1', attributes);
    await past.open('signDeal', 'deal-r2', attributes);
    const asked = async () => (await migrating(['rollback', 'nda', '--dry-run', '--json'], env())).json();
    await expect.poll(asked, { timeout: 10_000 }).toMatchObject({ openAtlasDeals: 2, changed: false });
    const { out } = await migrating(['rollback', 'nda'], env());
    expect(out).toContain('2 deals by Atlas are open and go on there to the end');
  });
});

describe('countersign migrate inventory', () => {
  it('tells by day, user and type what is ours and what is not, and nobody’s name', async () => {
    const attributes = { SigningProvider: 'docusign', DocumentType: 'order-form', EnvelopeId: ENVELOPES.ours };
    await past.open('signDeal', 'deal-i1', attributes);
    await filled([
      anEvent({ integratorKey: OUR_KEY, data: { EnvelopeId: ENVELOPES.ours } }),
      anEvent({ integratorKey: OUR_KEY, data: JSON.stringify({ envelopeId: ENVELOPES.forgotten }) }),
      anEvent({ data: { EnvelopeId: ENVELOPES.theirs, SenderName: 'Eve Example', to: 'eve@example.com' } }),
      anEvent({ data: { EnvelopeId: ENVELOPES.theirs } }),
      anEvent({ object: 'Account', action: 'UserAdded', integratorKey: '##DOCUSIGN_INTERNAL_NOT_USED##', data: {} }),
      anEvent({ object: 'eve@example.com', userId: 'Eve Example' }),
      anEvent({ _time: `${ago(40 * DAY_MS).slice(0, 19)}Z` }),
    ]);
    const asked = async () => (await migrating(['inventory', '--json'], env())).json();
    await expect.poll(asked, { timeout: 10_000 }).toMatchObject({ events: 6, counted: 6 });
    const types = (await asked()).lines as { documentType: string | null; events: number; envelopes: number }[];
    const of = (type: string | null) => types.filter(({ documentType }) => documentType === type);
    expect(of('order-form')).toMatchObject([{ key: OUR_KEY, userId: ADA, events: 1, envelopes: 1 }]);
    expect(of('by Countersign')).toMatchObject([{ events: 1, envelopes: 1 }]);
    expect(of('not by Countersign')).toMatchObject([{ key: OLD_KEY, events: 2, envelopes: 1 }]);
    expect(of(null)).toHaveLength(2);

    const { code, out } = await migrating(['inventory', '--key', OLD_KEY.toUpperCase(), '--days', '30'], env());
    expect(code).toBe(0);
    expect(out).toContain('3 by the key');
    expect(out).not.toMatch(/Eve|eve@|@/);
    expect(out).not.toContain(OUR_KEY);
  });

  it('says that a log collector cannot be asked', async () => {
    const { code, err } = await migrating(['inventory'], env({ DOCUSIGN_SINK: 'https://logs.example.com/' }));
    expect(code).toBe(1);
    expect(err).toContain('cannot be read back');
  });
});

describe('countersign migrate revoke-check', () => {
  const clean = (blocked = 0) => ({ outcome: 'completed', figures: { blocked } });
  const byAtlas = (type: string) => ({ SigningProvider: 'atlas', DocumentType: type, DealStage: 'completed' });
  const check = async (more: string[] = [], over: Record<string, string> = {}) =>
    (
      await migrating(['revoke-check', OLD_KEY, '--envelopes', '2', '--days', '1', '--json', ...more], env(over))
    ).json();
  const codes = async (over: Record<string, string> = {}) =>
    ((await check([], over)).hindrances as { code: string }[]).map(({ code }) => code).sort();

  it('says no for as long as something stands in the way, and yes only when nothing does', async () => {
    await past.client.workflow.getHandle('deal-i1').terminate();
    await filled([anEvent({ integratorKey: OUR_KEY, _time: `${ago(3_600_000).slice(0, 19)}Z` })]);
    const file = join(home, 'document-types.json');
    const own = { docusign: { fields: [] } };
    await writeFile(file, JSON.stringify({ deed: { ...own, provider: { atlas: 90, docusign: 10 } } }));
    await past.open('signDeal', 'deal-v0', { SigningProvider: 'docusign', DocumentType: 'order-form' });
    // One of them stood still, one did not end with a contract.
    await past.ended('signDeal', 'deal-v1', clean(), byAtlas('deed'));
    await past.ended('signDeal', 'deal-v2', clean(1), byAtlas('deed'));
    await past.ended('signDeal', 'deal-v3', { ...clean(), outcome: 'declined' }, byAtlas('deed'));

    await expect
      .poll(codes, { timeout: 10_000 })
      .toEqual(['feed-unsure', 'open-deals', 'shares-left', 'too-few-envelopes', 'too-few-envelopes']);
    const { code, out } = await migrating(['revoke-check', OLD_KEY], env());
    expect(code).toBe(1);
    expect(out).toContain('-> countersign migrate ramp deed 100');
    expect(out).toContain('Temporal knows of no sync of the feed');

    await writeFile(file, JSON.stringify({ deed: own }));
    await past.client.workflow.getHandle('deal-v0').terminate();
    for (const [index, type] of ['deed', 'deed', 'order-form', 'order-form'].entries())
      await past.ended('signDeal', `deal-w${index}`, clean(), byAtlas(type));
    // A feed that runs and is far behind proves no more than one that does not run.
    const place = (upTo: string) => ({ place: { cursor: 'c', since: upTo, upTo }, askedAt: 0, rows: {} });
    await past.ended('docusignMonitorSync', 'feed-1', place(ago(3 * 3_600_000)), {}, 'countersign');
    await expect.poll(async () => JSON.stringify(await check())).toContain('has everything only up to');
    expect(JSON.stringify(await check([], { TASK_QUEUE: 'another' }))).toContain('no sync');

    await past.ended('docusignMonitorSync', 'feed-2', place(ago(60_000)), {}, 'countersign');
    await expect.poll(codes, { timeout: 10_000 }).toEqual([]);
    const yes = await migrating(['revoke-check', OLD_KEY, '--envelopes', '2', '--days', '1'], env());
    expect(yes.code).toBe(0);
    expect(yes.out).toContain(`Yes: the key ${OLD_KEY} can be revoked.`);
    // Deals that were ended in Temporal may have left something at DocuSign.
    expect(yes.out).toContain('2 deals by DocuSign were ended in Temporal');

    // The same feed says nothing of a month that it was not read in, nor of one that an empty sink tells of.
    expect(JSON.stringify((await migrating(['revoke-check', OLD_KEY, '--json'], env())).json())).toContain(
      'nothing shows that the feed was read between',
    );
    expect(await codes({ DOCUSIGN_FEEDS: '' })).toEqual(['feed-unsure']);
    expect(await codes({ DOCUSIGN_SINK: 'https://logs.example.com/' })).toEqual(['feed-unsure']);
    expect(await codes({ DOCUSIGN_SINK: `file:${join(home, 'none.ndjson')}` })).toEqual(['feed-unsure']);

    await writeFile(join(home, 'events.ndjson'), '');
    expect(await codes()).toEqual(['feed-empty']);
    const now = `${ago(3_600_000).slice(0, 19)}Z`;
    await filled([anEvent({ integratorKey: undefined, _time: now })]);
    expect(await codes()).toEqual(['keys-untold']);
    await filled([anEvent({ integratorKey: OLD_KEY.toUpperCase(), _time: now })]);
    expect(await codes()).toEqual(['key-in-use']);

    await mkdir(join(home, 'docusign'));
    const call: CallEntry = {
      ...{ at: ago(60_000), key: fingerprintOf(OLD_KEY), environment: 'production', api: 'monitor', method: 'GET' },
      ...{ route: '/x', envelope: null, resource: null, status: 200, code: null, ms: 1 },
    };
    const log = openCallLog(join(home, 'docusign'));
    await log.append(call);
    expect(await codes()).toEqual(['key-in-use']);
    await log.append({ ...call, api: 'esignature' });
    expect(await codes()).toEqual(['calls-in-log', 'key-in-use']);
  });
});

describe('syncs of a feed', () => {
  const HOUR = 3_600_000;
  const now = Date.parse('2026-03-31T12:00:00Z');
  const from = now - 30 * DAY_MS;
  const week = 7 * DAY_MS;
  const latest = { at: new Date(now - 60_000).toISOString(), upTo: new Date(now - 90_000).toISOString() };
  const daily = (days: readonly number[]) =>
    days.map((day) => ({ from: now - day * DAY_MS, to: now - day * DAY_MS + 12 * HOUR }));
  const days = Array.from({ length: 31 }, (_, index) => 30 - index);
  const cover = (over: Partial<FeedLife> = {}, lookBackMs = week) =>
    coverOf({ latest, syncs: daily(days), ...over }, from, now, lookBackMs);

  it('prove silence when they leave no gap', () => {
    expect(cover()).toEqual({ ok: true, why: null });
    // A feed that began anew after five days looked back over them.
    expect(cover({ syncs: daily(days.filter((day) => day < 11 || day > 15)) }).ok).toBe(true);
    expect(cover({ syncs: daily(days.filter((day) => day < 25)) }).ok).toBe(true);
  });

  it.each([
    ['there is none', { syncs: [], latest: null }, week, 'no sync'],
    [
      'the latest is hours old',
      { latest: { at: new Date(now - 2 * HOUR).toISOString(), upTo: null } },
      week,
      'only up to',
    ],
    ['the latest is behind', { latest: { ...latest, upTo: new Date(now - DAY_MS).toISOString() } }, week, 'only up to'],
    ['only the latest is known', { syncs: [] }, week, 'nothing shows'],
    ['they began too late', { syncs: daily(days.filter((day) => day < 22)) }, week, 'nothing shows'],
    [
      'more than a look-back lies between them',
      { syncs: daily(days.filter((day) => day < 10 || day > 18)) },
      week,
      'nothing shows',
    ],
    ['the feed hardly looks back', {}, HOUR / 2, 'DOCUSIGN_LOOK_BACK'],
    ['they are a day apart and the feed looks back for hours', {}, 6 * HOUR, 'nothing shows'],
  ])('prove nothing when %s', (_what, over, lookBackMs, why) => {
    expect(cover(over, lookBackMs)).toEqual({ ok: false, why: expect.stringContaining(why) as string });
  });
});
