/**
 * The pilot's numbers and the evidence on a running stack: deals that are overdue, blocked, reminded, refunded and read back; then what the processes
 * export, what `countersign report` says, and what the dashboard and the alerts ask for.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { Entry } from '../../src/cli/evidence/chain.js';
import type { Report } from '../../src/cli/pilot/report.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { isFinal } from '../../src/deal/stages.js';
import { twoPagePdf } from '../../src/stack/contracts.js';
import { AtlasVisitor } from '../../src/stack/demo/atlas-visitor.js';
import { GatewayCaller } from '../../src/stack/demo/gateway-caller.js';
import { keepTrying } from '../../src/stack/demo/patience.js';
import { startStack, type Stack, type Starting } from '../../src/stack/stack.js';
import { exported, expressions, parsed, sumOf } from '../deploy/observing.js';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const PARTIES = [
  { email: 'ada@customer.example', name: 'Ada', role: 'Customer', order: 1 },
  { email: 'bob@seller.example', name: 'Bob', role: 'Supplier', order: 2 },
];

let home: string;
let starting: Starting;
let stack: Stack;
let gateway: GatewayCaller;
let atlas: AtlasVisitor;
const patience = AbortSignal.timeout(150_000);

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answer.status;
}
const sandbox = (path: string, body: unknown) => post(`${stack.urls.sandbox}/_sandbox/${path}`, body);
const asOperator = (path: string, body: unknown) =>
  post(`${stack.urls.gateway}/deals/${path}`, body, { authorization: `Bearer ${stack.tokens.operator}` });

async function until(
  dealId: string,
  fits: (deal: DealSnapshot) => boolean,
): Promise<DealSnapshot & { envelopeId: string }> {
  return keepTrying(`deal ${dealId}`, patience, async () => {
    const deal = await gateway.deal(dealId);
    const { envelopeId } = deal;
    return fits(deal) ? { ...deal, envelopeId: envelopeId ?? '' } : undefined;
  });
}

async function inReview(dealId: string, documentType = 'plain'): Promise<void> {
  await gateway.start({ dealId, documentType, document: { uri: 'file:contracts/a.pdf' }, parties: PARTIES });
  await until(dealId, ({ stage }) => stage === 'in-review');
}

async function signed(dealId: string): Promise<void> {
  const { envelopeId } = await until(dealId, ({ stage }) => stage === 'out-for-signature');
  for (const { order, name } of PARTIES) await atlas.sign(envelopeId, order, name);
  await until(dealId, ({ stage }) => stage === 'completed');
}

/** Nobody looks in time, the signers must be reminded, and webhooks tell the rest. */
async function slow(dealId: string): Promise<void> {
  await inReview(dealId, 'hasty');
  await until(dealId, ({ timeline }) => timeline.some(({ what }) => what.includes('overdue')));
  await gateway.approve(dealId, 1);
  await until(dealId, ({ figures }) => figures.reminders > 0);
  await signed(dealId);
}

/** No credits; then taken back after it went out. */
async function poor(dealId: string): Promise<void> {
  await inReview(dealId);
  expect(await sandbox('settings', { credits: { [stack.atlasKey]: 0 } })).toBe(200);
  await gateway.approve(dealId, 1);
  await until(dealId, ({ blocked }) => blocked?.reason === 'credits-exhausted');
  await sandbox('settings', { credits: { [stack.atlasKey]: 100 } });
  expect(await asOperator(`${dealId}/resume`, {})).toBe(200);
  await until(dealId, ({ stage }) => stage === 'out-for-signature');
  expect(await asOperator(`${dealId}/cancel`, { reason: 'deal lost' })).toBe(200);
  await until(dealId, ({ stage }) => isFinal(stage));
}

/** No webhook will ever arrive. */
async function outUnheard(dealId: string): Promise<void> {
  await inReview(dealId);
  await gateway.approve(dealId, 1);
  const { envelopeId } = await until(dealId, ({ stage }) => stage === 'out-for-signature');
  expect(await sandbox('faults', { faults: [{ kind: 'webhook-drop', envelope: envelopeId, share: 1 }] })).toBe(200);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-pilot-'));
  const documentTypes = join(home, 'document-types.json');
  const hasty = { reviewSla: '1 second', reminders: { first: '1 second', every: '1 hour', max: 1 } };
  await writeFile(documentTypes, JSON.stringify({ hasty, plain: {} }));
  starting = startStack({
    home,
    env: {
      sandbox: { SANDBOX_CLOCK_SPEED: '120', SANDBOX_REMIND_COOLDOWN_MS: '100' },
      countersign: { DOCUMENT_TYPES: documentTypes, READ_BACK_FIRST: '30 seconds' },
    },
  });
  stack = await starting.stack;
  gateway = new GatewayCaller(stack.urls.gateway, stack.tokens, patience);
  atlas = new AtlasVisitor(stack.urls.sandbox, stack.atlasKey, patience);
  await writeFile(join(stack.folders.contracts, 'a.pdf'), await twoPagePdf());
  await outUnheard('unheard');
  await Promise.all([signed('unheard'), slow('slow').then(() => poor('poor'))]);
  await inReview('open', 'hasty');
  await until('open', ({ timeline }) => timeline.some(({ what }) => what.includes('overdue')));
  await post(`${stack.urls.gateway}/webhooks/atlas`, {});
}, 180_000);
afterAll(async () => {
  await starting.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

async function metrics(): Promise<string> {
  const texts = [`${stack.urls.metrics}/metrics`, `${stack.urls.gateway}/metrics`].map(async (url) =>
    (await fetch(url)).text(),
  );
  return (await Promise.all(texts)).join('\n');
}

const report = (...options: string[]) =>
  cli(
    { ...process.env, COUNTERSIGN_URL: stack.urls.gateway, COUNTERSIGN_TOKEN: stack.tokens.viewer },
    ...['report', ...options],
  );

async function cli(env: NodeJS.ProcessEnv, ...args: string[]): Promise<{ text: string; code: number }> {
  const work = run(process.execPath, [CLI, ...args], { env });
  return work.then(
    ({ stdout }) => ({ text: stdout, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => ({
      text: error.stdout + error.stderr,
      code: error.code,
    }),
  );
}

/** What the SDK's native part knows of: some metrics it exports only once something has gone wrong. */
function sdkKnows(metric: string): boolean {
  const bridge = dirname(createRequire(import.meta.url).resolve('@temporalio/core-bridge/package.json'));
  const releases = join(bridge, 'releases');
  const platform = process.platform === 'darwin' ? 'apple' : process.platform === 'win32' ? 'windows' : 'linux';
  const folder = readdirSync(releases).find((name) => name.includes(platform)) ?? '';
  return readFileSync(join(releases, folder, 'index.node')).includes(metric.replace(/^temporal_/, ''));
}

describe('the numbers of a pilot', () => {
  it('in the metrics are those that the deals went through', async () => {
    const text = await metrics();
    const told = Object.fromEntries(
      ['start_to_filed_seconds_count', 'review_seconds_count', 'changes_told', 'learned_by_read_back', 'interventions']
        .concat('deals_blocked', 'reminders', 'signatures', 'credits_spent', 'credits_refunded', 'blocked_deals')
        .map((name) => [name, sumOf(text, `countersign_${name}`)]),
    );
    // A task that Temporal runs again, because a signal came at its end, counts again.
    for (const [name, least] of Object.entries({
      start_to_filed_seconds_count: 2,
      review_seconds_count: 3,
      changes_told: 1,
      learned_by_read_back: 1,
      interventions: 2,
      deals_blocked: 1,
      reminders: 1,
      signatures: 4,
      credits_spent: 3,
      credits_refunded: 1,
    })) {
      expect({ name, told: told[name] }).toEqual({
        name,
        told: expect.toSatisfy((sum) => sum >= least && sum <= 2 * least) as unknown,
      });
    }
    expect(told.blocked_deals).toBe(0);
    expect(sumOf(text, 'countersign_open_deals', { stage: 'in-review' })).toBe(1);
    expect(sumOf(text, 'countersign_webhook_to_change_seconds_count')).toBe(told.changes_told);
    // Nobody waited for longer than the bucket holds.
    const quick = sumOf(text, 'countersign_start_to_filed_seconds_bucket', { le: '60' });
    expect(quick).toBe(told.start_to_filed_seconds_count);
  });

  it('in the report are the same', async () => {
    const { text, code } = await report('--since', '1h', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      deals: { started: 4, open: 1, blockedNow: 0, completed: 2, cancelled: 1 },
      startToFiled: { count: 2 },
      webhook: { count: 1 },
      review: { count: 3 },
      changes: { told: 1, readBack: 1, readBackShare: 0.5 },
      sends: 3,
      creditsRefunded: 1,
      interventions: 2,
      blocked: 1,
      signatures: 4,
      reminders: 1,
      remindersPerSignature: 0.25,
      unanswered: [],
    } satisfies Partial<Record<keyof Report, unknown>>);
  });

  it('can be read as a table, of a time and a type', async () => {
    const { text } = await report('--since', '1 hour', '--type', 'plain');
    expect(text).toMatch(/deals started +2 \(0 open, 0 of them blocked\)/);
    expect(text).toMatch(/interventions by hand +2 \(100\.0 per 100 sends\)/);
    expect((await report('--since', '1h', '--type', 'another')).text).toMatch(/deals started +0 /);
    expect((await report('--since', 'lately')).code).toBe(2);
    expect((await report()).code).toBe(2);
  });

  it('carry no deal, envelope or person in a label', async () => {
    expect(await metrics()).not.toMatch(/env_|deal-(slow|poor)|"(slow|poor|unheard)"|@|Ada|Bob/);
  });
});

describe('the evidence of a deal', () => {
  let folder: string;
  let head: string;
  const evidence = (...args: string[]) => {
    // Whoever exports evidence has the worker's settings, the ones that matter here.
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: stack.temporalAddress,
      DOCUMENT_STORE: `file:${stack.folders.filed}`,
    };
    return cli(env, 'evidence', ...args);
  };
  const entries = async () =>
    (await readFile(join(folder, 'evidence.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);

  it('is one folder: who decided what and when, envelopes, webhooks, the signed PDF and its certificate', async () => {
    folder = join(home, 'evidence');
    const { text, code } = await evidence('slow', '--out', folder, '--json');
    expect({ code, text }).toMatchObject({ code: 0 });
    const exported = JSON.parse(text) as { head: string; files: string[]; missing: string[] };
    expect(exported).toMatchObject({ files: ['signed.pdf', 'certificate.pdf'], missing: [] });
    head = exported.head;
    const all = await entries();
    const deal = await gateway.deal('slow');
    expect(all[0]).toMatchObject({ kind: 'deal', dealId: 'slow', stage: 'completed', credits: { spent: 1 } });
    expect(all).toContainEqual(expect.objectContaining({ kind: 'envelope', envelopeId: deal.envelopeId }));
    expect(all.filter(({ kind }) => kind === 'message')).toMatchObject([
      { name: 'review', payload: { decision: 'approve', reviewer: 'reviewer' }, at: expect.any(String) as unknown },
    ]);
    expect(all.find(({ kind }) => kind === 'webhook')).toMatchObject({
      receipt: {
        event: 'envelope.signed',
        envelopeId: deal.envelopeId,
        deliveryId: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
      },
    });
    expect(all.find(({ kind }) => kind === 'run')).toMatchObject({
      asked: { parties: [{ email: 'ada@customer.example' }, {}] },
    });
    expect(all.filter(({ kind }) => kind === 'timeline')).toHaveLength(deal.timeline.length);
    expect(all.find(({ name }) => name === 'signed.pdf')).toMatchObject({
      kind: 'file',
      sha256: deal.signedPdf?.sha256,
    });
    expect(await readFile(join(folder, 'evidence.jsonl'), 'utf8')).not.toMatch(/rt=|\?t=/);
    const certificate = await getDocument({ data: new Uint8Array(await readFile(join(folder, 'certificate.pdf'))) })
      .promise;
    const { items } = await (await certificate.getPage(1)).getTextContent();
    expect(items.map((item) => ('str' in item ? item.str : '')).join(' ')).toContain('Certificate of Completion');
  });

  it('is checked offline, and the first broken link is named', async () => {
    const verify = (...more: string[]) => cli({ PATH: process.env.PATH }, 'evidence', 'verify', folder, ...more);
    expect(await verify('--head', head)).toMatchObject({ code: 0, text: expect.stringContaining(head) as unknown });
    expect(await verify('--head', 'f'.repeat(64))).toMatchObject({ code: 1 });
    const pdf = join(folder, 'signed.pdf');
    const bytes = await readFile(pdf);
    await writeFile(pdf, Buffer.concat([bytes, Buffer.from(' ')]));
    expect(await verify()).toMatchObject({
      code: 1,
      text: expect.stringMatching(/line \d+ .*signed\.pdf was changed/) as unknown,
    });
    await rm(pdf);
    expect(await verify()).toMatchObject({
      code: 1,
      text: expect.stringContaining('signed.pdf is missing') as unknown,
    });
    await writeFile(pdf, bytes);
    const lines = join(folder, 'evidence.jsonl');
    const text = await readFile(lines, 'utf8');
    await writeFile(lines, text.replace('"decision":"approve"', '"decision":"reject"'));
    const number = text.split('\n').findIndex((line) => line.includes('"decision":"approve"')) + 1;
    expect((await verify()).text).toContain(`line ${number} of evidence.jsonl: its text was changed`);
    await writeFile(lines, text);
    await writeFile(join(folder, 'more.txt'), 'x');
    expect((await verify()).text).toContain('more.txt belongs to no line');
  });

  it('is not written over another one, and not for a deal that nobody knows', async () => {
    expect((await evidence('slow', '--out', folder)).text).toContain('is not empty');
    expect((await evidence('nobody', '--out', join(home, 'none'))).text).toContain('There is no deal nobody');
  });

  it('of a deal that was never signed has its decisions and no PDF', async () => {
    const { text } = await evidence('poor', '--out', join(home, 'poor'));
    expect(text).toContain('Not in it: no signed PDF was filed.');
    folder = join(home, 'poor');
    const names = (await entries()).filter(({ kind }) => kind === 'message').map(({ name }) => name);
    expect(names).toEqual(['review', 'resume', 'cancel']);
  });
});

describe('what the dashboard and the alerts ask for', () => {
  it('is exported by a running stack, with the labels that they name', async () => {
    const known = exported(await metrics());
    const missing = expressions.flatMap(({ where, expr }) => {
      const { metrics: names, labels } = parsed(expr);
      const faults = names
        .filter((name) => !known.has(name) && !(name.startsWith('temporal_') && sdkKnows(name)))
        .map((name) => `${where}: ${name} is not exported`);
      const present = names.filter((name) => known.has(name));
      for (const label of present.length > 0 ? labels : [])
        if (!present.some((name) => known.get(name)?.has(label)))
          faults.push(`${where}: no metric has the label ${label}`);
      return faults;
    });
    expect(missing).toEqual([]);
  });
});
