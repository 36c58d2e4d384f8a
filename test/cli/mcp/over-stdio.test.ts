/** The built CLI as an assistant starts it: a process of its own, spoken to over its standard input and output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { snapshotOf } from '../../../src/deal/showing.js';
import type { DealStart } from '../../../src/deal/start.js';
import { freePort } from '../../../src/stack/ports.js';
import { aGateway, aTemplatedStart, TOKENS } from '../../gateway/a-gateway.js';
import { anAssistant, anOpenGateway, type Assistant, type OpenGateway } from '../../gateway/mcp/an-assistant.js';
import { aDealIn } from '../../support/deals.js';
import { openDeals, type OpenDeals } from '../open-deals.js';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-mcp-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const started: Assistant[] = [];
afterEach(() => Promise.all(started.splice(0).map(({ client }) => client.close())));

const settings = (env: Record<string, string>) => ({ PATH: process.env.PATH ?? '', HOME: home, ...env });

async function assistant(env: Record<string, string>): Promise<Assistant> {
  const command = { command: process.execPath, args: [CLI, 'mcp'], cwd: home, env: settings(env) };
  const assistant = await anAssistant(new StdioClientTransport({ ...command, stderr: 'inherit' }));
  started.push(assistant);
  return assistant;
}

const tokenOf = (role: string): string => TOKENS.find((token) => token.role === role)?.token ?? '';

describe('countersign mcp, through the gateway', () => {
  let gateway: OpenGateway;
  beforeEach(async () => {
    gateway = await anOpenGateway();
  });
  afterEach(() => gateway.stop());

  const as = (role: string) => assistant({ COUNTERSIGN_URL: gateway.url, COUNTERSIGN_TOKEN: tokenOf(role) });

  it('lets an assistant look at deals, in the role of the token', async () => {
    const viewer = await as('viewer');
    expect(viewer.client.getInstructions()).toContain('No tool sends');
    const { tools } = await viewer.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['list_deals', 'explain_deal', 'start_deal', 'follow_deal']);
    expect((await viewer.ask('explain_deal', { dealId: '42' })).data).toMatchObject({
      stage: 'in-review',
      reviewUrl: null,
    });
    expect(await viewer.ask('start_deal', aTemplatedStart())).toEqual({
      failed: true,
      text: 'The role viewer may not start a deal; it takes crm or operator.',
      data: {},
    });
    const reviewer = await as('reviewer');
    expect((await reviewer.ask('explain_deal', { dealId: '42' })).text).toContain('rt=secret');
  });

  it('starts a deal through a review, even where the document type trusts its template', async () => {
    const { ask } = await as('crm');
    expect(await ask('start_deal', aTemplatedStart())).toMatchObject({ data: { started: true, reviewed: true } });
    expect(gateway.deals.started).toMatchObject([{ policy: { template: { trusted: false } } }]);
  });

  it('follows a deal, and tells how far it is', async () => {
    const { ask } = await as('viewer');
    const deal = aDealIn('in-review');
    const heard: unknown[] = [];
    const following = ask('follow_deal', { dealId: '42', waitSeconds: 30 }, ({ total }) => void heard.push(total));
    await vi.waitFor(() => expect(heard).toContain(30));
    deal.timeline.push({ at: '2026-01-06T09:00:00.000Z', what: 'approved', by: 'rita' });
    gateway.deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(deal) });
    expect((await following).data).toMatchObject({ changed: true, news: [{ what: 'approved' }] });
  });

  it('says that the gateway refuses the token, and what to check', async () => {
    await expect(
      assistant({ COUNTERSIGN_URL: gateway.url, COUNTERSIGN_TOKEN: 'wrong-token-0123456789' }),
    ).rejects.toThrow(/refuses \(401\).*Check COUNTERSIGN_TOKEN/);
  });

  it('says that the gateway is away, and goes on when it is back', async () => {
    const { ask } = await as('viewer');
    const { port } = new URL(gateway.url);
    await gateway.app.close();
    const away = await ask('explain_deal', { dealId: '42' });
    expect(away.failed).toBe(true);
    expect(away.text).toContain(
      `The gateway at 127.0.0.1:${port} cannot be reached (ECONNREFUSED). Check that it runs`,
    );
    const again = aGateway();
    await again.app.listen({ host: '127.0.0.1', port: Number(port) });
    expect(await ask('explain_deal', { dealId: '42' })).toMatchObject({ failed: false });
    await again.app.close();
  });
});

describe('countersign mcp, straight at Temporal', () => {
  let deals: OpenDeals;
  let env: Record<string, string>;
  beforeAll(async () => {
    deals = await openDeals();
    env = { TEMPORAL_ADDRESS: deals.address, TASK_QUEUE: deals.taskQueue };
  }, 120_000);
  afterAll(() => deals?.stop());

  it('lists, explains and starts deals, these through a review', async () => {
    await deals.open({ 'deal-42': snapshotOf(aDealIn('in-review')) });
    const { ask } = await assistant(env);
    expect((await ask('explain_deal', { dealId: '42' })).data).toMatchObject({ dealId: '42', stage: 'in-review' });
    expect((await ask('list_deals')).data).toMatchObject({ deals: [{ dealId: '42', open: true }], total: 1 });

    const without = await ask('start_deal', aTemplatedStart({ dealId: '77' }));
    expect(without.failed).toBe(true);
    expect(without.text).toContain('DOCUMENT_TYPES');

    await writeFile(
      join(home, 'document-types.json'),
      JSON.stringify({
        templated: { template: { id: 'tmpl_1', prefill: { customer_name: 'company' }, trusted: true } },
      }),
    );
    const prefill = { company: 'Acme Ltd' };
    expect(await ask('start_deal', aTemplatedStart({ dealId: '77', prefill }))).toMatchObject({
      failed: false,
      data: { workflowId: 'deal-77', started: true, reviewed: true },
    });
    const { events } = await deals.temporal.client.workflow.getHandle('deal-77').fetchHistory();
    const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const start = input && defaultPayloadConverter.fromPayload<DealStart>(input);
    expect(start?.policy.template).toMatchObject({ id: 'tmpl_1', trusted: false });
    await deals.temporal.client.workflow.getHandle('deal-77').terminate('the test is over');
  });
});

describe('the process of countersign mcp', () => {
  function run(env: Record<string, string>) {
    const child = spawn(process.execPath, [CLI, 'mcp'], { cwd: home, env: settings(env), stdio: 'pipe' });
    return { child, err: text(child.stderr), exit: once(child, 'exit') };
  }

  it('says on standard error what is wrong with its settings, and nothing on standard output', async () => {
    const { child, err, exit } = run({ COUNTERSIGN_TOKEN: 'viewer-token-0123456789' });
    expect(await text(child.stdout)).toBe('');
    await exit;
    expect(child.exitCode).toBe(1);
    expect(await err).toMatch(/^COUNTERSIGN_URL: is not set/);
  });

  it('survives what is no message, and ends when its client is done', async () => {
    const { child, exit } = run({ COUNTERSIGN_URL: `http://127.0.0.1:${await freePort()}` });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write('no JSON at all\n{"jsonrpc":"2.0"}\n[]\n\u0000\n');
    child.stdin.write('{"jsonrpc":"2.0","id":7,"method":"ping"}\n');
    expect(JSON.parse((await lines.next()).value as string)).toEqual({ jsonrpc: '2.0', id: 7, result: {} });
    child.stdin.end();
    await exit;
    expect(child.exitCode).toBe(0);
  });

  it('ends when it is told to stop', async () => {
    const { child, exit } = run({ COUNTERSIGN_URL: `http://127.0.0.1:${await freePort()}` });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    await lines.next();
    child.kill('SIGTERM');
    await exit;
    expect(child.exitCode).toBe(0);
  });
});
