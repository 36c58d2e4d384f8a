/** The receiver of `examples/`, as a company would run it: a process of its own that Countersign's driver talks to. */
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { httpDriver } from '../../src/crm/http-driver.js';
import type { OpenCrm } from '../../src/crm/driver.js';
import { readVariables } from '../../src/config/environment.js';
import { signedHeaders, signingKeyOf } from '../../src/crm/webhook-signature.js';
import type { CrmRecord } from '../../src/deal/state.js';
import { aRecord, keepsTheCrmContract, saying } from './contract.js';
import { keepsTheIntakeContract } from './intake-contract.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/crm-receiver/receiver.mjs', import.meta.url));
const SECRET = 'a-secret-shared-with-the-crm';

interface KeptDeal {
  rounds: Record<string, CrmRecord>;
  notes: { round: number; version: number; note: string }[];
  attachments: { round: number; sha256: string }[];
  refusal?: string;
}

const REQUEST = { documentType: 'order-form', document: { uri: 'file:a.pdf' }, parties: [{ email: 'ada@c.example' }] };
/** Deals that the company enters: after all others in the alphabet. */
const ENTERED = Array.from({ length: 9 }, (_, at) => `z-${at}`);
const EMPTY = { rounds: {}, notes: [], attachments: [] };

let folder: string;
let receiver: ChildProcess;
let url: string;
let open: OpenCrm;

async function kept(dealId: string): Promise<KeptDeal | undefined> {
  return (JSON.parse(await readFile(join(folder, 'deals.json'), 'utf8')) as Record<string, KeptDeal>)[dealId];
}

beforeAll(async () => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  folder = await mkdtemp(join(tmpdir(), 'countersign-receiver-'));
  const waiting = Object.fromEntries(
    Array.from({ length: 102 }, (_, at) => [`W-${1000 + at}`, { ...EMPTY, request: REQUEST }]),
  );
  const deals = {
    ...waiting,
    ...Object.fromEntries(ENTERED.map((dealId) => [dealId, { ...EMPTY, request: REQUEST }])),
    'has-one': { ...EMPTY, request: REQUEST, rounds: { 1: aRecord({ dealId: 'has-one' }) } },
    'next-round': { ...EMPTY, request: { ...REQUEST, round: 2 }, rounds: { 1: aRecord({ dealId: 'next-round' }) } },
    deleted: { ...EMPTY, request: REQUEST, gone: true },
    quiet: EMPTY,
  };
  await writeFile(join(folder, 'deals.json'), JSON.stringify(deals));
  const env = { ...process.env, CRM_SECRET: SECRET, DATA: folder, PORT: '0' };
  receiver = spawn(process.execPath, [EXAMPLE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: receiver.stdout! }), 'line')) as [string];
  url = `http://127.0.0.1:${/\d+$/.exec(line)?.[0]}`;
  const { value } = httpDriver.configure({
    variables: (shape) => readVariables({ CRM_URL: url, CRM_SECRET: SECRET }, shape),
    mapping: (schema) => ({ value: schema.parse({}) }),
  });
  open = await value!.open();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await open.crm.close();
  receiver.kill();
  await rm(folder, { recursive: true, force: true });
});

describe('the example of a receiver', () => {
  keepsTheCrmContract(() => ({
    crm: open.crm,
    stored: async (dealId, round) => (await kept(dealId))?.rounds[round],
    notes: async (dealId, round) =>
      ((await kept(dealId))?.notes ?? []).filter((note) => note.round === round).map(({ note }) => note),
    attached: async (dealId, round) =>
      ((await kept(dealId))?.attachments ?? []).filter((file) => file.round === round).map(({ sha256 }) => sha256),
  }));

  keepsTheIntakeContract(() => ({
    ...open,
    enter: async () => ENTERED.shift() ?? '',
    told: async (dealId) => (await kept(dealId))?.refusal ?? null,
    unknown: 'never-heard-of',
  }));

  it('lists the deals that want a contract and have none, page by page', async () => {
    const first = await open.intake.wanting();
    expect(first.dealIds).toHaveLength(100);
    const second = await open.intake.wanting(first.next ?? '');
    expect(second.dealIds.slice(0, 3)).toEqual(['W-1100', 'W-1101', 'next-round']);
    expect(second.next).toBeNull();
  });

  it.each([
    ['W-1000', { kind: 'wanted', request: { ...REQUEST, dealId: 'W-1000' }, recorded: false }],
    ['has-one', { kind: 'wanted', request: { ...REQUEST, dealId: 'has-one' }, recorded: true }],
    ['next-round', { kind: 'wanted', request: { ...REQUEST, round: 2, dealId: 'next-round' }, recorded: false }],
    ['deleted', { kind: 'withdrawn', why: 'the deal was deleted' }],
    ['quiet', { kind: 'other' }],
    ['never-heard-of', { kind: 'other' }],
  ])('tells how the deal %s stands', async (dealId, stands) => {
    expect(await open.intake.look(dealId)).toEqual(stands);
  });

  it('keeps why a deal gets no contract until it gets one', async () => {
    await open.intake.explain('W-1001', 'parties: is missing');
    await open.intake.explain('W-1001', 'parties: is missing');
    expect((await kept('W-1001'))?.refusal).toBe('parties: is missing');
    await open.crm.record(aRecord({ dealId: 'W-1001' }), 'w1001/v1');
    expect(await kept('W-1001')).not.toHaveProperty('refusal');
  });

  it('takes a deleted deal’s contract back', async () => {
    await expect(open.crm.record(aRecord({ dealId: 'deleted' }), 'deleted/v1')).rejects.toMatchObject({ kind: 'gone' });
  });

  it('refuses what is not signed, what was changed on the way and what is old', async () => {
    const body = Buffer.from(JSON.stringify(aRecord({ dealId: 'quiet' })));
    const send = async (headers: Record<string, string>, sent = body) =>
      (await request(`${url}/deals/quiet`, { method: 'PATCH', headers, body: sent })).statusCode;
    const key = signingKeyOf(SECRET);
    expect(await send({})).toBe(401);
    expect(await send({ ...signedHeaders(key, 'w', body) }, Buffer.from('{}'))).toBe(401);
    expect(await send({ ...signedHeaders(key, 'w', body, new Date(Date.now() - 301_000)) })).toBe(401);
    expect(await send({ ...signedHeaders(signingKeyOf('another secret'), 'w', body) })).toBe(401);
    expect(await send({ ...signedHeaders(key, 'w', body) })).toBe(200);
  });
});

describe('what a receiver tells of its deals', () => {
  const told = async (answer: unknown, status = 200) => {
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => void response.writeHead(status).end(JSON.stringify(answer)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { createReceiverCalls } = await import('../../src/crm/receiver.js');
    const { createHttpIntake } = await import('../../src/crm/http-intake.js');
    const calls = createReceiverCalls({ url: `http://127.0.0.1:${port}`, secret: SECRET });
    const intake = createHttpIntake(calls);
    try {
      return await intake.look('42');
    } finally {
      await calls.close();
      server.close();
    }
  };

  it.each([
    [{ wants: 'cake' }, 'cannot be read: wants'],
    [{ wants: 'contract' }, 'cannot be read: request'],
    ['no object', 'cannot be read: body'],
  ])('is refused with the place that cannot be read: %j', async (answer, words) => {
    await expect(told(answer)).rejects.toMatchObject({ kind: 'refused', message: saying(words) });
  });

  it('is asked for again while the receiver is out of order', async () => {
    await expect(told({}, 503)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
