/** Deals in all their main ways on a real server; then its database, its histories and its answers are searched for every fact of theirs. */
import { createHash, createSecretKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { rotationReport } from '../../src/cli/payload-keys/report.js';
import { usageOf } from '../../src/cli/payload-keys/usage.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { ProviderError } from '../../src/signing/provider.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { dataConverterOf } from '../../src/temporal/data-converter.js';
import type { PayloadKey } from '../../src/temporal/encryption.js';
import { aGateway, type AGateway } from '../gateway/a-gateway.js';
import { BUNDLE, bundleOf } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const keyOf = (id: string, fill: number): PayloadKey => ({ id, secret: createSecretKey(Buffer.alloc(32, fill)) });
const [FIRST, SECOND] = [keyOf('first', 1), keyOf('second', 2)];
const QUEUE = 'sealed';
const signedPdf = await aSignedPdf();
const sha256 = createHash('sha256').update('the contract').digest('hex');

/** Each is told to the deals below, or comes of them. */
const FACTS = {
  name: 'Zaphira Quillfeather',
  email: 'zaphira@quill.example',
  'second e-mail': 'orlando@seller.example',
  'amended name': 'Ysolde Brackwater',
  document: 'file:contracts/orion-9931.pdf',
  sha256,
  metadata: 'PO-Kestrel-77',
  'review link': 'paper.example/review/',
  reviewer: 'olaf',
  note: 'note on the marzipan clause',
  'cancel reason': 'budget of the halcyon project was cut',
  'amend reason': 'brackwater signs instead',
  'refusal by the provider': 'mailbox of zaphira refused',
  'failing step': 'unforeseen tangerine',
  'stack trace': 'encrypted-at-rest.test.ts',
  'mistyped signal': 'mistyped by philomena',
  'signed PDF': createHash('sha256').update(signedPdf).digest('hex'),
};

interface House {
  server: StartedDevServer;
  temporal: TemporalClient;
  gateway: AGateway;
  world: PaperWorld;
  keys: readonly PayloadKey[];
}

let encodedBundle: string;
let plain: House;
let sealed: House;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  [encodedBundle, plain, sealed] = await Promise.all([bundleOf('encoded-failures.ts'), aHouse([]), aHouse([FIRST])]);
  await Promise.all([plain, sealed].map((house) => working(house, house.keys, () => allWays(house))));
});

afterAll(async () => {
  for (const { temporal, server } of [plain, sealed]) {
    await temporal.connection.close();
    await server.stop();
  }
});

async function aHouse(keys: readonly PayloadKey[]): Promise<House> {
  const server = await startDevServer();
  const world = aPaperWorld(signedPdf);
  world.documents.fetch = async () => ({ bytes: signedPdf, kind: 'pdf', sha256 });
  return { server, world, keys, ...clientOf(server, keys) };
}

function clientOf({ address }: StartedDevServer, payloadKeys: readonly PayloadKey[]) {
  const temporal = openTemporal({ connectionOptions: { address }, namespace: 'default', payloadKeys });
  const deals = createTemporalDeals(temporal, { namespace: 'default', taskQueue: QUEUE });
  return { temporal, gateway: aGateway({ deals }) };
}

/** Does `work` while a worker with these keys runs. */
async function working<T>({ server, world }: House, keys: readonly PayloadKey[], work: () => Promise<T>): Promise<T> {
  const connection = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    connection,
    taskQueue: QUEUE,
    workflowBundle: keys.length > 0 ? { code: encodedBundle } : { codePath: BUNDLE },
    dataConverter: dataConverterOf(keys),
    activities: createActivities(world),
  });
  try {
    return await worker.runUntil(work);
  } finally {
    await connection.close();
  }
}

const aParty = (name: string, email: string) => ({ name, email, role: 'Customer' });
const PARTIES = [aParty(FACTS.name, FACTS.email), { email: FACTS['second e-mail'] }];

async function start({ gateway }: Pick<House, 'gateway'>, dealId: string): Promise<void> {
  const payload = {
    ...{ dealId, documentType: 'order-form', document: { uri: FACTS.document }, parties: PARTIES },
    metadata: { order: FACTS.metadata },
  };
  const { statusCode } = await gateway.as('crm', { method: 'POST', url: '/deals', payload });
  expect(statusCode).toBe(202);
}

async function tell({ gateway }: Pick<House, 'gateway'>, dealId: string, name: string, payload: object) {
  return gateway.as('operator', { method: 'POST', url: `/deals/${dealId}/${name}`, payload });
}

async function until(
  { gateway }: Pick<House, 'gateway'>,
  dealId: string,
  is: (deal: DealSnapshot) => boolean,
): Promise<DealSnapshot> {
  for (const end = Date.now() + 20_000; ; await wait(50)) {
    const answer = await gateway.as('operator', { url: `/deals/${dealId}` });
    if (answer.statusCode === 200 && is(answer.json())) return answer.json();
    if (Date.now() > end) throw new Error(`${dealId} never got there: ${answer.body}`);
  }
}

async function openDeals(gateway: AGateway): Promise<object[]> {
  const answer = await gateway.as('operator', { url: '/deals?open=true' });
  expect(answer.body).toContain('"deals"');
  return answer.json<{ deals: object[] }>().deals;
}

const inReview = ({ stage }: DealSnapshot): boolean => stage === 'in-review';

async function allWays(house: House): Promise<void> {
  const { world, temporal } = house;

  await start(house, 'signed');
  await until(house, 'signed', inReview);
  await tell(house, 'signed', 'review', { decision: 'approve', note: FACTS.note });
  await until(house, 'signed', ({ stage }) => stage === 'out-for-signature');
  const handle = temporal.client.workflow.getHandle('deal-signed');
  await handle.signal('cancel', { cause: 7, who: FACTS['mistyped signal'] });
  world.sign();
  world.sign();
  await house.gateway.webhook({ event: 'envelope.signed', envelope_id: 'env-1', external_id: 'deal-signed/r1' });
  await until(house, 'signed', ({ stage }) => stage === 'completed');

  world.mishaps.push({
    call: 'createEnvelope',
    error: new ProviderError('invalid', FACTS['refusal by the provider'], { status: 422 }),
  });
  await start(house, 'amended');
  await until(house, 'amended', ({ blocked }) => blocked !== null);
  await tell(house, 'amended', 'amend', {
    parties: [aParty(FACTS['amended name'], FACTS.email)],
    reason: FACTS['amend reason'],
  });
  await until(house, 'amended', inReview);
  await tell(house, 'amended', 'cancel', { reason: FACTS['cancel reason'] });
  await until(house, 'amended', ({ stage }) => stage === 'cancelled');

  await start(house, 'open');
  await until(house, 'open', inReview);

  world.onCall = (call) => {
    if (call === 'createEnvelope') throw new Error(FACTS['failing step']);
  };
  await start(house, 'failing');
  await pendingFailureOf(house, 'failing');
}

async function pendingFailureOf({ temporal }: House, dealId: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await wait(50)) {
    const { raw } = await temporal.client.workflow.getHandle(`deal-${dealId}`).describe();
    if (raw.pendingActivities?.some(({ lastFailure }) => lastFailure)) return;
  }
  throw new Error('no step failed');
}

/** All that the server tells of the deals, as it tells it. */
async function answersOf({ temporal }: House): Promise<Buffer[]> {
  const { workflowService } = temporal.connection;
  const bytes: Buffer[] = [];
  const list = await workflowService.listWorkflowExecutions({ namespace: 'default' });
  collect(list, bytes);
  for (const { execution } of list.executions ?? []) {
    const about = { namespace: 'default', execution: execution ?? null };
    collect(await workflowService.describeWorkflowExecution(about), bytes);
    collect(await workflowService.getWorkflowExecutionHistory({ ...about, maximumPageSize: 1000 }), bytes);
  }
  return bytes;
}

function collect(message: unknown, into: Buffer[]): void {
  if (typeof message === 'string') into.push(Buffer.from(message));
  else if (message instanceof Uint8Array) into.push(Buffer.from(message));
  else if (typeof message === 'object' && message !== null)
    for (const [name, part] of Object.entries(message)) {
      into.push(Buffer.from(name));
      collect(part, into);
    }
}

/** The names of the facts that are found in clear, in the database's files and in the server's answers. */
async function foundIn(house: House): Promise<{ database: string[]; answers: string[] }> {
  const { folder } = house.server;
  const files = (await readdir(folder)).filter((name) => name.startsWith('temporal.db'));
  expect(files).toContain('temporal.db-wal');
  const database = await Promise.all(files.map((name) => readFile(join(folder, name))));
  const answers = await answersOf(house);
  const among = (haystacks: Buffer[]) =>
    Object.entries(FACTS).flatMap(([name, fact]) => (haystacks.some((bytes) => bytes.includes(fact)) ? [name] : []));
  return { database: among(database), answers: among(answers) };
}

describe('a deal’s facts', () => {
  it('stand in the database and in the histories without keys, so that the search is one', async () => {
    expect(await foundIn(plain)).toEqual({ database: Object.keys(FACTS), answers: Object.keys(FACTS) });
  });

  it('are nowhere in clear with keys: not in payloads, memos, failures or stack traces', async () => {
    expect(await foundIn(sealed)).toEqual({ database: [], answers: [] });
  });

  it('are read by whoever has the key', async () => {
    const { temporal, gateway } = sealed;
    const description = await temporal.client.workflow.getHandle('deal-signed').describe();
    expect(description.memo).toEqual({ dealId: 'signed', round: 1 });
    expect(await description.staticSummary()).toBe('order-form, signed with atlas');
    expect(await openDeals(gateway)).toMatchObject([{ dealId: 'failing', round: 1 }, { dealId: 'open' }]);
  });
});

describe('the bundle of workflows with encoded failures', () => {
  it('holds no zod and stays small, as the plain one', () => {
    expect(encodedBundle).not.toContain('node_modules/zod');
    expect(encodedBundle.length).toBeLessThan(2_100_000);
  });
});

describe('a key', () => {
  const usage = async (keys: readonly PayloadKey[]) =>
    rotationReport(await usageOf(sealed.temporal, { namespace: 'default', taskQueue: QUEUE }), keys);

  it('that is missing holds deals up and fails none; put back, they go on under the new one', async () => {
    sealed.world.onCall = () => undefined;
    const only = clientOf(sealed.server, [SECOND]);
    try {
      expect((await only.gateway.as('operator', { url: '/deals/open' })).json()).toMatchObject({
        status: 503,
        type: 'urn:countersign:problem:payload-keys',
        detail: expect.stringMatching(/the key first, which is not in PAYLOAD_KEYS: put it back/) as unknown,
      });
      expect(await openDeals(only.gateway)).toMatchObject([
        { dealId: 'failing' },
        { dealId: 'open', stage: 'in-review' },
      ]);

      const handle = sealed.temporal.client.workflow.getHandle('deal-open');
      await working(sealed, [SECOND], async () => {
        await handle.signal('review', { decision: 'approve', reviewer: 'rita' });
        await failedTaskOf('deal-open');
      });
      expect((await handle.describe()).status.name).toBe('RUNNING');
      expect(await usage([SECOND])).toMatchObject({
        ok: false,
        keys: [
          // The failed task told of itself under the key in use.
          { keyId: 'second', place: 'in-use' },
          { keyId: 'first', place: 'missing', open: 2, examples: ['deal-failing', 'deal-open'], ended: 2 },
        ],
      });
    } finally {
      await only.temporal.connection.close();
    }

    const both = clientOf(sealed.server, [SECOND, FIRST]);
    try {
      await working(sealed, [SECOND, FIRST], async () => {
        await until(both, 'open', ({ stage }) => stage === 'out-for-signature');
        await tell(both, 'open', 'cancel', { reason: FACTS['cancel reason'] });
        await until(both, 'open', ({ stage }) => stage === 'cancelled');
        await until(both, 'failing', inReview);
        await tell(both, 'failing', 'cancel', { reason: FACTS['cancel reason'] });
        await until(both, 'failing', ({ stage }) => stage === 'cancelled');
        await start(both, 'fresh');
        await until(both, 'fresh', inReview);
      });
    } finally {
      await both.temporal.connection.close();
    }
    await expect
      .poll(() => usage([SECOND, FIRST]), { timeout: 10_000 })
      .toMatchObject({
        ok: true,
        asked: 1,
        keys: [
          { keyId: 'second', place: 'in-use', open: 1, examples: ['deal-fresh'], ended: 0 },
          { keyId: 'first', place: 'old', open: 0, ended: 4 },
        ],
        plain: { open: 0, ended: 0 },
      });
    expect((await foundIn(sealed)).database).toEqual([]);
  });

  it('can be introduced while deals are open', async () => {
    const keyed = clientOf(plain.server, [FIRST]);
    plain.world.onCall = () => undefined;
    try {
      await working(plain, [FIRST], async () => {
        await until(keyed, 'open', inReview);
        await tell(keyed, 'open', 'review', { decision: 'approve' });
        await until(keyed, 'open', ({ stage }) => stage === 'out-for-signature');
      });
      const found = await usageOf(keyed.temporal, { namespace: 'default', taskQueue: QUEUE });
      expect(rotationReport(found, [FIRST])).toMatchObject({ ok: true, plain: { open: 2, ended: 2 } });
    } finally {
      await keyed.temporal.connection.close();
    }
  });

  async function failedTaskOf(workflowId: string): Promise<void> {
    for (const end = Date.now() + 20_000; Date.now() < end; await wait(50)) {
      const { raw } = await sealed.temporal.client.workflow.getHandle(workflowId).describe();
      if ((raw.pendingWorkflowTask?.attempt ?? 0) > 1) return;
    }
    throw new Error('no task failed');
  }
});
