/**
 * The worker is killed (SIGKILL) at every step of a deal, after the step took effect outside and, where it costs most, also before, and started
 * again: each deal must still end with one envelope, one send, one credit, one filed PDF and one attachment.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readExternalId } from '../../src/deal/ids.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type ProcessSpec } from '../../src/stack/processes.js';
import { aReceiver, type Receiver } from '../crm/http-receiver.js';
import { aSaboteur, type Moment, type PassingCall, type Saboteur } from '../support/saboteur.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aMortal } from './mortal.js';
import { atTheGateway, type AtTheGateway } from './at-the-gateway.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-shared-with-the-crm';
const API_KEY = 'sandbox-key';
const TOKEN = 'operator-token-of-this-test';

/** Every call a deal makes to the outside, in the order it makes them. */
const STEPS = [
  'create',
  'record:detecting',
  'look-at-fields',
  'record:in-review',
  'send',
  'record:out-for-signature',
  'pdf',
  'attach',
  'record:completed',
];
/** To be killed before any other step looks the same from outside as to be killed after the one before it. */
const COSTLY = ['create', 'send', 'pdf', 'attach'];
/** `KILLS=all` takes every step; without it those whose repetition would cost something. */
const TAKEN = process.env.KILLS === 'all' ? STEPS : COSTLY;
const DEALS = TAKEN.flatMap((step, index) =>
  (COSTLY.includes(step) ? (['before', 'after'] as const) : (['after'] as const)).map((moment) => ({
    dealId: `kill-${index}-${moment}`,
    step,
    moment,
  })),
);

let folder: string;
let temporal: StartedDevServer;
let sandbox: Sandbox;
let crm: Receiver;
let atlasInBetween: Saboteur;
let bucketInBetween: Saboteur;
let crmInBetween: Saboteur;
let processes: Processes;
let gatewayUrl: string;
let gateway: AtTheGateway;
let metricsPort: number;
let workers = 0;

async function sandboxSays<T>(path: string, body?: unknown): Promise<T> {
  const answer = await request(`${sandbox.url}/_sandbox/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.body.json()) as T;
}

/** Names the worker's calls to Atlas by deal and step; the envelope's id leads back to the deal that created it. */
function nameAtlasCalls() {
  const dealOf = new Map<string, string>();
  const looked = new Set<string>();
  return {
    nameOf({ method, path, headers }: PassingCall): string | undefined {
      const key = headers['idempotency-key'];
      const [, fromKey, step] = typeof key === 'string' ? (/^deal-(.+)\/r1\/(create|send)\/\d+$/.exec(key) ?? []) : [];
      if (fromKey && step) return `${fromKey} ${step}`;
      const [, inBucket] = /^\/signed\/([^/?]+)\.pdf/.exec(path) ?? [];
      if (inBucket) return `${dealOf.get(inBucket)} pdf`;
      const [, envelopeId] = /^\/api\/envelope\/([^/?]+)$/.exec(path) ?? [];
      const dealId = envelopeId && dealOf.get(envelopeId);
      if (!dealId || method !== 'GET') return undefined;
      if (looked.has(dealId)) return `${dealId} read`;
      looked.add(dealId);
      return `${dealId} look-at-fields`;
    },
    learn(name: string | undefined, _call: PassingCall, answer: Buffer): void {
      const dealId = name?.endsWith(' create') ? name.slice(0, -' create'.length) : undefined;
      if (dealId) dealOf.set((JSON.parse(answer.toString()) as { envelope_id: string }).envelope_id, dealId);
    },
  };
}

function nameCrmCalls({ path, body }: PassingCall): string | undefined {
  const [, dealId, attachment] = /\/deals\/([^/]+)(\/attachments)?$/.exec(path) ?? [];
  if (!dealId) return undefined;
  if (attachment) return `${dealId} attach`;
  return `${dealId} record:${(JSON.parse(body.toString()) as { stage: string }).stage}`;
}

function processOf(name: string, env: Record<string, string>): ProcessSpec {
  const base = { PATH: process.env.PATH, TEMPORAL_ADDRESS: temporal.address, ATLAS_API_KEY: API_KEY };
  return {
    name,
    command: process.execPath,
    args: [join(ROOT, 'dist', `${name}.js`)],
    cwd: folder,
    env: { ...base, ...env },
  };
}

const worker = aMortal(() => {
  workers += 1;
  return processes.start(
    processOf('worker', {
      ATLAS_BASE_URL: atlasInBetween.url,
      CRM: 'http',
      CRM_URL: `${crmInBetween.url}/crm`,
      CRM_SECRET: SECRET,
      PUBLIC_URL: gatewayUrl,
      DOCUMENT_ROOT: folder,
      DOCUMENT_STORE: `file:${join(folder, 'signed')}`,
      METRICS_PORT: String(metricsPort),
    }),
  );
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-kill-'));
  temporal = await startDevServer();
  crm = await aReceiver(Buffer.from(SECRET));
  await writeFile(join(folder, 'order-form.pdf'), await aSignedPdf());
  await writeFile(join(folder, 'document-types.json'), JSON.stringify({ 'order-form': {} }));

  const plan = (match: (step: string) => boolean): Map<string, Moment> =>
    new Map(DEALS.filter(({ step }) => match(step)).map(({ dealId, step, moment }) => [`${dealId} ${step}`, moment]));
  const atCrm = (step: string) => step.startsWith('record:') || step === 'attach';
  const strikes = plan((step) => !atCrm(step));
  const names = nameAtlasCalls();
  const bucketPort = await freePort();
  const bucket = `http://127.0.0.1:${bucketPort}`;
  bucketInBetween = await aSaboteur({ target: bucket, ...names, strikes, strike: () => worker.kill() });
  sandbox = await startSandbox({
    credits: 100,
    bucketPort,
    bucketUrl: bucketInBetween.url,
    settings: { detection_ms: 1000, clock_speed: 60 },
  });
  atlasInBetween = await aSaboteur({ target: sandbox.url, ...names, strikes, strike: () => worker.kill() });
  crmInBetween = await aSaboteur({
    target: new URL(crm.url).origin,
    nameOf: nameCrmCalls,
    strikes: plan(atCrm),
    strike: () => worker.kill(),
  });

  processes = new Processes(join(folder, 'logs'), 3000);
  const port = await freePort();
  gatewayUrl = `http://127.0.0.1:${port}`;
  await processes.start(processOf('gateway', { PORT: String(port), GATEWAY_TOKENS: `operator:test:${TOKEN}` }));
  metricsPort = await freePort(new Set([port]));
  await worker.start();
  gateway = atTheGateway(gatewayUrl, TOKEN, 280_000);
  await gateway.ready();
}, 90_000);

afterAll(async () => {
  await worker.stop();
  await processes.stopAll();
  await Promise.all([atlasInBetween, bucketInBetween, crmInBetween, crm].map((part) => part.close()));
  await sandbox.stop();
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
});

interface SandboxEnvelope {
  id: string;
  status: string;
  external_id: string;
}

async function seeThrough(dealId: string): Promise<DealSnapshot> {
  const { envelopeId } = await gateway.letOut(dealId);
  await sandboxSays(`envelopes/${envelopeId}/sign`, { party: 1 });
  await sandboxSays(`envelopes/${envelopeId}/sign`, { party: 2 });
  return gateway.untilStage(dealId, 'completed');
}

it('ends every deal right, with nothing done twice, however often it is killed', { timeout: 400_000 }, async () => {
  for (const { dealId } of DEALS) {
    const parties = [
      { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer' },
      { email: 'bob@seller.example', name: 'Bob Seller', role: 'Company' },
    ];
    const document = { uri: 'file:order-form.pdf' };
    const started = await gateway.call('/deals', { dealId, documentType: 'order-form', document, parties });
    expect(started, dealId).toMatchObject({ status: 202, body: { started: true } });
  }
  const deals = await Promise.all(DEALS.map(({ dealId }) => seeThrough(dealId)));

  // Every strike fell; several may have hit the same worker, so there are fewer workers than strikes.
  expect([atlasInBetween, bucketInBetween, crmInBetween].flatMap(({ struck }) => struck).sort()).toEqual(
    DEALS.map(({ dealId, step }) => `${dealId} ${step}`).sort(),
  );
  expect(workers).toBeGreaterThan(1);

  const envelopes = await sandboxSays<SandboxEnvelope[]>('envelopes');
  const state = await sandboxSays<{ sends: number; spent: Record<string, number> }>('state');
  expect(envelopes.map(({ external_id }) => readExternalId(external_id)?.workflowId).sort()).toEqual(
    DEALS.map(({ dealId }) => `deal-${dealId}`).sort(),
  );
  expect(envelopes.every(({ status }) => status === 'signed')).toBe(true);
  expect(state).toMatchObject({ sends: DEALS.length, spent: { [API_KEY]: DEALS.length } });

  for (const deal of deals) {
    const attached = crm.attachments(deal.dealId, 1);
    expect(attached, deal.dealId).toHaveLength(1);
    expect(attached[0]?.sha256).toBe(deal.signedPdf?.sha256);
    expect(crm.stored(deal.dealId, 1)).toMatchObject({ stage: 'completed', envelopeId: deal.envelopeId });
    // A worker that is killed while it writes leaves its draft behind, under a hidden name that nobody reads.
    const filed = await readdir(join(folder, 'signed', `deal-${deal.dealId}`));
    expect(filed.filter((name) => !name.startsWith('.')).sort()).toEqual([
      `${deal.envelopeId}.certificate.pdf`,
      `${deal.envelopeId}.pdf`,
    ]);
  }
});

interface LogLine {
  msg: string;
  workflowId?: string;
  dealId?: string;
  envelopeId?: string;
  envelope_id?: string;
}

it('leaves log lines that name deal and envelope and nobody, metrics, and ends in peace when asked to', async () => {
  const text = await readFile(worker.process()?.logFile ?? '', 'utf8');
  expect(text).not.toMatch(/@customer\.example|@seller\.example|Ada|Bob|[?&]r?t=/);
  // A killed process may leave half a line behind, which the next one continues.
  const lines = text.split('\n').filter((line) => /^\{.*\}$/.test(line) && !/.\{"level"/.test(line));
  const logged = lines.map((line) => JSON.parse(line) as LogLine);
  const ofDeals = logged.filter(({ workflowId }) => workflowId !== undefined);
  expect(ofDeals.length).toBeGreaterThan(DEALS.length);
  for (const line of ofDeals) expect(line, line.msg).toMatchObject({ dealId: line.workflowId?.slice('deal-'.length) });

  const envelopes = await sandboxSays<SandboxEnvelope[]>('envelopes');
  // Lines that a kill cut off are lost, of all deals that are at the same step at once; what was logged names the envelope.
  const created = logged.filter(({ msg }) => msg === 'envelope created').map(({ envelope_id }) => envelope_id);
  expect(created.filter((id) => !envelopes.some((envelope) => envelope.id === id))).toEqual([]);
  const sent = logged.filter(({ msg }) => msg === 'envelope sent');
  expect(created.length + sent.length).toBeGreaterThan(0);
  expect(sent.every(({ envelopeId }) => envelopes.some(({ id }) => id === envelopeId))).toBe(true);

  const metrics = await request(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.body.text());
  expect(metrics).toMatch(/^temporal_\w+/m);
  expect(metrics).toContain('countersign_deals_ended');

  worker.process()?.signal('SIGTERM');
  expect(await worker.process()?.ended).toEqual({ code: 0, signal: null });
});
