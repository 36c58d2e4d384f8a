/** The built CLI as a process of its own, at a whole stack: through the gateway as an operator, and straight at Temporal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DealSnapshot } from '../../../src/deal/snapshot.js';
import type { Stage } from '../../../src/deal/stages.js';
import type { DealPage } from '../../../src/gateway/deal-list.js';
import { twoPagePdf } from '../../../src/stack/contracts.js';
import { startStack, type Stack, type Starting } from '../../../src/stack/stack.js';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const BULK = ['0', '1', '2', '3'].map((number) => `bulk-${number}`);
const OUT = "DealStage = 'out-for-signature'";

let home: string;
let starting: Starting | undefined;
let stack: Stack;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-cli-stack-'));
  starting = startStack({ home, graceMs: 3000, env: { sandbox: { SANDBOX_DETECTION_MS: '100' } } });
  stack = await starting.stack;
  await writeFile(join(stack.folders.contracts, 'order.pdf'), await twoPagePdf());
}, 120_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await starting?.stop();
  await rm(home, { recursive: true, force: true });
}, 60_000);

function begin(args: string[], settings: Record<string, string> = throughGateway()): ChildProcess {
  const child = spawn(process.execPath, [CLI, 'deals', ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  const [out, err] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
    child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined,
  ]);
  return { code: child.exitCode, out, err };
}

const countersign = (args: string[], settings?: Record<string, string>) => ended(begin(args, settings));

function throughGateway(): Record<string, string> {
  return { COUNTERSIGN_URL: stack.urls.gateway, COUNTERSIGN_TOKEN: stack.tokens.operator };
}

function straight(): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: stack.temporalAddress,
    DOCUMENT_TYPES: fileURLToPath(new URL('../../../document-types.json', import.meta.url)),
  };
}

const aDeal = (dealId: string) => ({
  dealId,
  documentType: 'order-form',
  document: { uri: 'file:contracts/order.pdf' },
  parties: [{ email: 'sam@customer.example', name: 'Sam Signer', role: 'Customer' }],
});

async function started(file: string, deals: object, settings?: Record<string, string>) {
  await writeFile(join(home, file), JSON.stringify(deals, null, 2));
  return countersign(['start', file], settings);
}

async function asked<T>(path: string): Promise<T> {
  const answer = await request(`${stack.urls.gateway}${path}`, {
    headers: { authorization: `Bearer ${stack.tokens.operator}` },
  });
  return (await answer.body.json()) as T;
}

const snapshot = (dealId: string) => asked<DealSnapshot>(`/deals/${dealId}`);

const patience = { timeout: 20_000, interval: 100 };
const reaches = (dealId: string, stage: Stage) =>
  vi.waitUntil(async () => (await snapshot(dealId)).stage === stage, patience);

/** The list lags a little behind the deals. */
const listedAs = (stage: Stage, count: number) =>
  vi.waitUntil(async () => (await asked<DealPage>(`/deals?stage=${stage}`)).deals.length === count, patience);

async function sign(dealId: string): Promise<void> {
  const { envelopeId } = await snapshot(dealId);
  const answer = await request(`${stack.urls.sandbox}/_sandbox/envelopes/${envelopeId}/sign`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ party: 1 }),
  });
  expect(answer.statusCode).toBeLessThan(300);
  await answer.body.dump();
}

const remindersAsked = ({ timeline }: DealSnapshot) => timeline.filter(({ what }) => what === 'reminder asked').length;

describe('a deal by the CLI', () => {
  it('is started, listed, shown, approved and watched to its end, and no address of a signer is told', async () => {
    const start = await started('one.json', aDeal('D-1'));
    expect(start).toEqual({ code: 0, out: 'D-1  started: deal-D-1\n', err: '' });

    const watching = begin(['watch', 'D-1']);
    const watched = ended(watching);
    const drafted = await countersign(['watch', 'D-1', '--until', 'in-review', '--json']);
    expect(drafted.code).toBe(0);
    expect(
      drafted.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object)
        .at(-1),
    ).toMatchObject({ ok: true });

    await listedAs('in-review', 1);
    const listed = await countersign(['list', '--stage', 'in-review']);
    expect(listed.out).toMatch(/^D-1\t1\tin-review\t-\torder-form\t[^\t]+\t[\w-]+\tdeal-D-1\n$/);
    const approved = await countersign(['approve', 'D-1', '--note', 'as agreed'], straight());
    expect(approved).toEqual({ code: 0, out: 'D-1  approve taken\n', err: '' });
    await reaches('D-1', 'out-for-signature');
    const shown = await countersign(['show', 'D-1'], straight());
    expect(shown.out).toContain('waits for    Customer (signer 1) to sign');
    await sign('D-1');

    const { code, out } = await watched;
    expect(code).toBe(0);
    expect(out).toMatch(/approved.*as agreed/);
    expect(out).toMatch(/= completed\nD-1 is completed\.\n$/);
    for (const told of [start.out, out, shown.out]) expect(told).not.toMatch(/sam@|Sam Signer|https?:/);
    // Straight at Temporal the timeline names the person at the machine.
    const { timeline } = await snapshot('D-1');
    expect(timeline.find(({ what }) => what.startsWith('approved'))?.by).toMatch(/\w/);
  }, 60_000);

  it('is refused in one line once it has ended, or was never there', async () => {
    const [ended, unknown] = await Promise.all([
      countersign(['remind', 'D-1']),
      countersign(['show', 'nobody'], straight()),
    ]);
    expect(ended).toEqual({ code: 1, out: '', err: 'Failed: The deal has ended: completed.\n' });
    expect(unknown.err).toMatch(/^Failed: There is no deal nobody.*\n$/);
  });

  it('ends its watch at Ctrl-C, without a trace of it', async () => {
    await started('other.json', aDeal('D-2'), straight());
    const child = begin(['watch', 'D-2']);
    if (child.stdout) await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { code, err } = await ended(child);
    expect({ code, err }).toEqual({ code: 1, err: '' });
  });
});

describe('a bulk action by the CLI', () => {
  const journal = 'bulk.jsonl';
  const lines = async () => (await readFile(join(home, journal), 'utf8').catch(() => '')).split('\n').filter(Boolean);

  it('that is killed and begun again reminds each signer once', async () => {
    expect((await started('bulk.json', BULK.map(aDeal))).code).toBe(0);
    for (const dealId of BULK) {
      await reaches(dealId, 'in-review');
      await request(`${stack.urls.gateway}/deals/${dealId}/review`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.tokens.reviewer}`, 'content-type': 'application/json' },
        body: '{"decision": "approve"}',
      }).then((answer) => answer.body.dump());
    }
    const bulk = ['bulk', 'remind', '--query', OUT, '--journal', journal];
    await listedAs('out-for-signature', BULK.length);
    const dryRun = await countersign([...bulk, '--dry-run', '--json']);
    expect({ code: dryRun.code, said: JSON.parse(dryRun.out) as object }).toMatchObject({
      ...{ code: 0, said: { possible: BULK.length } },
    });
    expect(await lines()).toEqual([]);

    const cut = begin([...bulk, '--yes', '--rate', '1']);
    await vi.waitUntil(async () => (await lines()).length >= 3, { timeout: 20_000, interval: 20 });
    cut.kill('SIGKILL');
    await ended(cut);
    const written = await lines();
    expect(written.length).toBeLessThan(1 + BULK.length);
    // As if it had been killed between the answer of the deal and the line of it.
    await writeFile(join(home, journal), `${written.slice(0, -1).join('\n')}\n${written.at(-1)?.slice(0, 12)}`);

    const { code, out } = await countersign([...bulk, '--yes', '--rate', '50', '--json']);
    expect({ code, said: JSON.parse(out) as object }).toMatchObject({
      code: 0,
      said: { done: BULK.length - 1, failed: [] },
    });
    const deals = await Promise.all(BULK.map(snapshot));
    expect(deals.map(remindersAsked)).toEqual(BULK.map(() => 1));
  }, 90_000);
});
