/** One deal, from the CRM's request with its own trace to the signed PDF, through real processes that trace. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type RunningProcess } from '../../src/stack/processes.js';
import { aReceiver, type Receiver } from '../crm/http-receiver.js';
import { atTheGateway } from '../scenarios/at-the-gateway.js';
import { builtBundle } from '../support/built-bundle.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aCollector, type Collector, type SentSpan } from './a-collector.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-shared-with-the-crm';
const TOKEN = 'operator-token-of-this-test';
const CRM_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CRM_SPAN = '00f067aa0ba902b7';

let folder: string;
let temporal: StartedDevServer;
let sandbox: Sandbox;
let crm: Receiver;
let collector: Collector;
let processes: Processes;
let spans: SentSpan[];
let history: Parameters<typeof Worker.runReplayHistory>[1];

function start(name: string, env: Record<string, string>): Promise<RunningProcess> {
  return processes.start({
    name,
    command: process.execPath,
    args: [join(ROOT, 'dist', `${name}.js`)],
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      TEMPORAL_ADDRESS: temporal.address,
      ATLAS_API_KEY: 'sandbox-key',
      ATLAS_BASE_URL: sandbox.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of%20the%20collector',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      ...env,
    },
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-trace-'));
  [temporal, crm, collector] = await Promise.all([startDevServer(), aReceiver(Buffer.from(SECRET)), aCollector()]);
  await writeFile(join(folder, 'order-form.pdf'), await aSignedPdf());
  await writeFile(join(folder, 'document-types.json'), JSON.stringify({ 'order-form': {} }));
  sandbox = await startSandbox({ credits: 100, settings: { detection_ms: 200, clock_speed: 60 } });
  processes = new Processes(join(folder, 'logs'), 10_000);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [gateway, worker] = await Promise.all([
    start('gateway', { PORT: String(port), GATEWAY_TOKENS: `operator:test:${TOKEN}` }),
    start('worker', {
      CRM: 'http',
      CRM_URL: crm.url,
      CRM_SECRET: SECRET,
      PUBLIC_URL: url,
      DOCUMENT_ROOT: folder,
      DOCUMENT_STORE: `file:${join(folder, 'signed')}`,
      METRICS_PORT: '0',
    }),
  ]);
  const person = atTheGateway(url, TOKEN, 80_000);
  await person.ready();
  const started = await request(`${url}/deals?note=from%20ada@customer.example`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${CRM_TRACE}-${CRM_SPAN}-01`,
      tracestate: 'crm=ada@customer.example',
      baggage: 'signer=ada@customer.example',
    },
    body: JSON.stringify({
      dealId: 't-1',
      documentType: 'order-form',
      document: { uri: 'file:order-form.pdf' },
      parties: [
        { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer' },
        { email: 'bob@seller.example', name: 'Bob Seller', role: 'Company' },
      ],
    }),
  });
  expect(started.statusCode).toBe(202);
  const { envelopeId } = await person.letOut('t-1');
  for (const party of [1, 2]) {
    const body = JSON.stringify({ party });
    const headers = { 'content-type': 'application/json' };
    await request(`${sandbox.url}/_sandbox/envelopes/${envelopeId}/sign`, { method: 'POST', headers, body });
  }
  await person.untilStage('t-1', 'completed');
  const connection = await Connection.connect({ address: temporal.address });
  history = await new Client({ connection }).workflow.getHandle('deal-t-1').fetchHistory();
  await connection.close();
  // Ending a process sends its last spans.
  expect(await Promise.all([gateway.stop(), worker.stop()])).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  spans = collector.spans();
}, 120_000);

afterAll(async () => {
  await processes.stopAll();
  await Promise.all([crm.close(), collector.close(), sandbox.stop(), temporal.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const find = (name: string, among = spans): SentSpan => {
  const found = among.find((span) => span.name === name);
  if (!found)
    throw new Error(`no span ${name} among ${[...new Set(among.map((span) => span.name))].sort().join(', ')}`);
  return found;
};

/** The names from a span up to the root of its trace. */
function wayUp(span: SentSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...(parent ? wayUp(parent) : [])];
}

describe('the trace of a deal', () => {
  it("continues the CRM's trace through workflow and activity to the answer of Atlas", () => {
    const create = find('POST /api/envelope');
    expect(create.attributes).toMatchObject({ 'http.response.status_code': 201, 'server.address': '127.0.0.1' });
    expect(wayUp(create)).toEqual([
      'POST /api/envelope',
      'RunActivity:createEnvelope',
      'StartActivity:createEnvelope',
      'RunWorkflow:signDeal',
      'StartWorkflow:signDeal',
      'POST /deals',
    ]);
    const event = find('POST /deals');
    expect(event).toMatchObject({ traceId: CRM_TRACE, parentSpanId: CRM_SPAN, service: 'countersign-gateway' });
    expect(event.attributes).toMatchObject({ 'http.route': '/deals', 'countersign.deal_id': 't-1' });
    expect(create).toMatchObject({ traceId: CRM_TRACE, service: 'countersign-worker' });
    for (const name of ['POST /api/envelope/{}/send', 'PATCH /crm/deals/{}', 'RunActivity:fileSignedPdf'])
      expect(find(name).traceId, name).toBe(CRM_TRACE);
  });

  it("joins a webhook's trace with the deal's, both ways", () => {
    const webhook = find('POST /webhooks/atlas');
    expect(webhook.traceId).not.toBe(CRM_TRACE);
    const heard = find('HandleSignal:envelopeEvent');
    expect(wayUp(heard)).toEqual([
      'HandleSignal:envelopeEvent',
      'SignalWorkflow:envelopeEvent',
      'POST /webhooks/atlas',
    ]);
    const run = find('RunWorkflow:signDeal');
    expect(heard.links).toMatchObject([{ traceId: CRM_TRACE, spanId: run.spanId }]);
    expect(run.links?.map(({ spanId }) => spanId)).toContain(heard.spanId);
  });

  it('tells a collector nothing personal, no link and no text of anybody', async () => {
    expect(collector.calls.every((headers) => headers['x-key'] === 'of the collector')).toBe(true);
    expect(collector.text()).toContain('deployment.environment');
    const personal = /@(customer|seller)|Ada|Bob|Customer|Seller|[?&]\w+=|sandbox-key|[Tt]oken|note=|stacktrace/;
    expect(personal.exec(collector.text())).toBeNull();
    for (const name of ['gateway', 'worker'])
      expect(await readFile(join(folder, 'logs', `${name}.log`), 'utf8')).not.toMatch(/@customer|spans could not/);
  });

  it('can be ended while the deal is open: its history replays without OpenTelemetry', async () => {
    await Worker.runReplayHistory({ workflowBundle: await builtBundle({}) }, history, 'deal-t-1');
  });
});
