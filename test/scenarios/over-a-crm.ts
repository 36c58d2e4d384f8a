/**
 * The whole deal over one CRM and one document store, with every part a process of its own: the CRM tells of the deal, and in the end holds
 * the stage and the signed PDF. Then the same while the worker is killed (SIGKILL) between the calls to the CRM. `KILLS=all` kills it
 * between any two of them; without that a sample is taken.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { openDocumentStore } from '../../src/documents/store.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type ProcessSpec } from '../../src/stack/processes.js';
import { anS3, aBucket, s3AtHand, type ThrowAwayS3 } from '../support/s3.js';
import { aSaboteur, type Saboteur } from '../support/saboteur.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aMortal } from './mortal.js';
import { atTheGateway, type AtTheGateway } from './at-the-gateway.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const API_KEY = 'sandbox-key';
const TOKEN = 'operator-token-of-this-test';
const SAMPLE = 2;

/** What stands between the worker and the CRM. */
export interface Wire {
  /** The deal that a call is about, by its id somewhere in it. */
  deals: Set<string>;
  /** Strikes by `<deal id> <number of the call>`. */
  strikes: Map<string, 'after'>;
  struck: string[];
  /** Calls of each deal so far. */
  calls: Map<string, number>;
}

export function aWire(): Wire {
  return { deals: new Set(), strikes: new Map(), struck: [], calls: new Map() };
}

/** Names a call by the deal whose id it holds and by its number among that deal's calls. */
export function nameOn(wire: Wire, text: string): string | undefined {
  const dealId = [...wire.deals].find((id) => text.includes(id));
  if (dealId === undefined) return undefined;
  const number = (wire.calls.get(dealId) ?? 0) + 1;
  wire.calls.set(dealId, number);
  return `${dealId} ${number}`;
}

/** A wire to a CRM that is reached over HTTP. */
export async function anHttpWire(
  target: string,
  strike: () => Promise<void>,
): Promise<{ wire: Wire; between: Saboteur }> {
  const wire = aWire();
  const between = await aSaboteur({
    target,
    nameOf: ({ path, body }) => nameOn(wire, `${path} ${body.toString('latin1')}`),
    strikes: wire.strikes,
    strike: async (name) => {
      wire.struck.push(name);
      await strike();
    },
    disguised: true,
  });
  return { wire, between };
}

export interface Company {
  /** `CRM`, its settings and its mapping file's content. */
  env: Record<string, string>;
  mapping?: object;
  wire: Wire;
  /** Enters deals that want a contract and answers their ids; the gateway and the worker are up. */
  enter(count: number, at: { documentUri: string } & Station): Promise<string[]>;
  /** How the deal stands there now. */
  stands(dealId: string): Promise<{ stage: unknown; envelopeId: unknown; attached: string[] }>;
  /** The CRM's own name of its stage for a completed deal. */
  completed: string;
  close(): Promise<void>;
}

interface Station {
  processOf: (name: string, env?: Record<string, string>, args?: string[]) => ProcessSpec;
  /** Runs a process to its end. */
  run: (spec: ProcessSpec) => Promise<{ code: number | null; said: string }>;
}

/** `strike` is what the company's wire does at a planned call. */
export function dealsGoThrough(
  store: 'file' | 's3',
  found: (strike: () => Promise<void>, publicUrl: string) => Promise<Company>,
): void {
  let folder: string;
  let temporal: StartedDevServer;
  let sandbox: Sandbox;
  let s3: ThrowAwayS3 | undefined;
  let company: Company;
  let processes: Processes;
  let gatewayUrl: string;
  let gateway: AtTheGateway;
  let metricsPort: number;
  let missing: string | undefined;

  function processOf(name: string, env: Record<string, string> = {}, args: string[] = []): ProcessSpec {
    return {
      name: `${name}${args[0] ? `-${args[0]}` : ''}`,
      command: process.execPath,
      args: [join(ROOT, 'dist', `${name}.js`), ...args],
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        TEMPORAL_ADDRESS: temporal.address,
        ATLAS_API_KEY: API_KEY,
        ATLAS_BASE_URL: sandbox.url,
        PUBLIC_URL: gatewayUrl,
        DOCUMENT_ROOT: folder,
        DOCUMENT_STORE: store === 's3' ? 's3://contracts/signed' : `file:${join(folder, 'signed')}`,
        ...(s3 && { S3_ENDPOINT: s3.endpoint, ...s3.env }),
        ...company.env,
        ...env,
      },
    };
  }

  async function run(spec: ProcessSpec): Promise<{ code: number | null; said: string }> {
    const started = await processes.start(spec);
    const { code } = await started.ended;
    return { code, said: await readFile(started.logFile, 'utf8') };
  }

  const worker = aMortal(() => processes.start(processOf('worker', { METRICS_PORT: String(metricsPort) })));

  beforeAll(async () => {
    missing = store === 's3' ? await s3AtHand() : undefined;
    if (missing !== undefined) return console.warn(`SKIPPED: no S3 to test against: ${missing}`);
    folder = await mkdtemp(join(tmpdir(), 'countersign-crm-'));
    [temporal, sandbox] = await Promise.all([
      startDevServer(),
      startSandbox({ credits: 100, settings: { detection_ms: 500, clock_speed: 60 } }),
    ]);
    const pdf = await aSignedPdf();
    if (store === 's3') {
      s3 = await anS3();
      await aBucket(s3, 'contracts');
      await fetch(`${s3.endpoint}/contracts/drafts/order-form.pdf`, { method: 'PUT', body: new Uint8Array(pdf) });
    }
    const port = await freePort();
    metricsPort = await freePort(new Set([port]));
    gatewayUrl = `http://127.0.0.1:${port}`;
    company = await found(() => worker.kill(), gatewayUrl);
    await mkdir(join(folder, 'signed'));
    await writeFile(join(folder, 'order-form.pdf'), pdf);
    const types = { 'order-form': { crmStages: { completed: company.completed } } };
    await writeFile(join(folder, 'document-types.json'), JSON.stringify(types));
    await writeFile(join(folder, 'crm.json'), JSON.stringify(company.mapping ?? {}));

    processes = new Processes(join(folder, 'logs'), 3000);
    const setup = await run(processOf('setup'));
    expect(setup.code, setup.said).toBe(0);
    await processes.start(processOf('gateway', { PORT: String(port), GATEWAY_TOKENS: `operator:test:${TOKEN}` }));
    await worker.start();
    gateway = atTheGateway(gatewayUrl, TOKEN, 100_000);
    await gateway.ready();
  }, 120_000);

  afterAll(async () => {
    if (missing !== undefined) return;
    await worker.stop();
    await processes?.stopAll();
    await company?.close();
    await Promise.all([sandbox?.stop(), temporal?.stop(), s3?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** As the signer whose turn it is; false when everybody has signed. */
  async function sign(envelopeId: string | null): Promise<boolean> {
    const answer = await request(`${sandbox.url}/_sandbox/envelopes/${envelopeId}/sign`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    await answer.body.dump();
    return answer.statusCode === 200;
  }

  async function seeThrough(dealId: string): Promise<DealSnapshot> {
    const { envelopeId } = await gateway.letOut(dealId);
    while (await sign(envelopeId));
    return gateway.untilStage(dealId, 'completed');
  }

  async function enter(count: number): Promise<string[]> {
    const documentUri = store === 's3' ? 's3://contracts/drafts/order-form.pdf' : 'file:order-form.pdf';
    return company.enter(count, { documentUri, processOf, run });
  }

  async function expectRight(deal: DealSnapshot): Promise<void> {
    expect(await company.stands(deal.dealId), deal.dealId).toEqual({
      stage: company.completed,
      envelopeId: deal.envelopeId,
      attached: [deal.signedPdf?.sha256],
    });
    const settings = store === 's3' ? { kind: 's3' as const, bucket: 'contracts', prefix: 'signed' } : undefined;
    for (const [name, value] of Object.entries(s3?.env ?? {})) process.env[name] = value;
    const files = await openDocumentStore(settings ?? { kind: 'file', folder: join(folder, 'signed') }, {
      endpoint: s3?.endpoint ?? null,
    });
    const bytes = await files.get(deal.signedPdf?.uri ?? '');
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(deal.signedPdf?.sha256);
  }

  it('from the CRM’s own record to the signed PDF that is attached there', { timeout: 120_000 }, async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const [dealId = ''] = await enter(1);
    await expectRight(await seeThrough(dealId));
    expect(company.wire.calls.get(dealId)).toBeGreaterThan(5);
  });

  it(
    'once each, however often the worker is killed between its calls to the CRM',
    { timeout: process.env.KILLS === 'all' ? 900_000 : 300_000 },
    async ({ skip }) => {
      if (missing !== undefined) skip(missing);
      const { wire } = company;
      // A deal asks a little more or less often whether it is still wanted, so the very last calls are not planned for.
      const calls = Math.max(...wire.calls.values()) - 1;
      const kills = process.env.KILLS === 'all' ? calls : Math.min(SAMPLE, calls);
      const dealIds = await enter(kills);
      dealIds.forEach((dealId, at) => {
        const number = 1 + Math.floor(((at + 0.5) * calls) / kills);
        wire.strikes.set(`${dealId} ${number}`, 'after');
      });
      const deals = await Promise.all(dealIds.map(seeThrough));
      expect(wire.struck.length).toBeGreaterThanOrEqual(Math.ceil(kills * 0.8));
      for (const deal of deals) await expectRight(deal);
      const state = (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { sends: number };
      expect(state.sends).toBe(dealIds.length + 1);
    },
  );
}
