/** Payload keys of tenants on a real server: each deal's payloads carry its own tenant's key, whoever writes them. */
import { createSecretKey } from 'node:crypto';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import type { PayloadKey } from '../../src/temporal/encryption.js';
import { aGateway, type AGateway } from '../gateway/a-gateway.js';
import { bundleOf } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const keyOf = (id: string, fill: number, tenant?: string): PayloadKey => ({
  id,
  secret: createSecretKey(Buffer.alloc(32, fill)),
  ...(tenant !== undefined && { tenant }),
});
const HOUSE = keyOf('house', 1);
const ACME = keyOf('acme-1', 2, 'acme');
const OLD_ACME = keyOf('acme-0', 3, 'acme');
const GLOBEX = keyOf('globex-1', 4, 'globex');
const ALL = [HOUSE, ACME, OLD_ACME, GLOBEX];
const QUEUE = 'tenants';

interface Door {
  temporal: TemporalClient;
  gateway: AGateway;
}

let server: StartedDevServer;
let world: PaperWorld;
let encodedBundle: string;
const open: Door[] = [];
let all: Door;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  [encodedBundle, server] = await Promise.all([bundleOf('encoded-failures.ts'), startDevServer()]);
  world = aPaperWorld(await aSignedPdf());
  all = aDoor(ALL);
});

afterAll(async () => {
  for (const { temporal } of open) await temporal.connection.close();
  await server.stop();
});

/** A process of its own, which knows of no deal yet. */
function aDoor(payloadKeys: readonly PayloadKey[]): Door {
  const temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default', payloadKeys });
  const door = {
    temporal,
    gateway: aGateway({ deals: createTemporalDeals(temporal, { namespace: 'default', taskQueue: QUEUE }) }),
  };
  open.push(door);
  return door;
}

async function working(keys: readonly PayloadKey[], work: () => Promise<void>): Promise<void> {
  const connection = await NativeConnection.connect({ address: server.address });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue: QUEUE,
      workflowBundle: { code: encodedBundle },
      dataConverter: aDoor(keys).temporal.dataConverter,
      activities: createActivities(world),
    });
    await worker.runUntil(work);
  } finally {
    await connection.close();
  }
}

async function start(dealId: string, tenant?: string): Promise<void> {
  const payload = {
    ...{ dealId, documentType: 'order-form', document: { uri: 'file:order-form.pdf' }, ...(tenant && { tenant }) },
    parties: [{ email: 'ada@customer.example', role: 'Customer' }],
  };
  const { statusCode, body } = await all.gateway.as('crm', { method: 'POST', url: '/deals', payload });
  expect(statusCode, body).toBe(202);
}

const untilStage = (door: Door, dealId: string, stage: DealSnapshot['stage']): Promise<void> =>
  expect
    .poll(
      async () => {
        const answer = await door.gateway.as('operator', { url: `/deals/${dealId}` });
        return answer.statusCode === 200 ? answer.json<DealSnapshot>().stage : answer.body;
      },
      { timeout: 20_000 },
    )
    .toBe(stage);

const approve = ({ gateway }: Door, dealId: string) =>
  gateway.as('operator', { method: 'POST', url: `/deals/${dealId}/review`, payload: { decision: 'approve' } });

/** The ids of all keys that stand in the deal's history and its memo, and whether anything there is in clear. */
async function keysAt(dealId: string): Promise<string[]> {
  const { workflowService } = all.temporal.connection;
  const about = { namespace: 'default', execution: { workflowId: `deal-${dealId}` } };
  const answers = [
    await workflowService.getWorkflowExecutionHistory({ ...about, maximumPageSize: 1000 }),
    await workflowService.describeWorkflowExecution(about),
  ];
  const found = new Set<string>();
  const look = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return;
    const { metadata } = part as { metadata?: Record<string, Uint8Array> };
    const id = metadata?.['encryption-key-id'];
    if (id) found.add(Buffer.from(id).toString());
    for (const inner of Object.values(part)) look(inner);
  };
  answers.forEach(look);
  return [...found].sort();
}

describe('payload keys of tenants', () => {
  it('encrypt whatever is said of their deals, by starter, worker and other gateways, and nothing else', async () => {
    await working(ALL, async () => {
      await start('of-acme', 'acme');
      await start('of-globex', 'globex');
      await start('of-initech', 'initech');
      await start('of-nobody');
      // Each is asked at a door that learns only from Temporal whose deal it is.
      const other = aDoor(ALL);
      for (const dealId of ['of-acme', 'of-globex', 'of-initech', 'of-nobody']) {
        await untilStage(other, dealId, 'in-review');
        expect((await approve(other, dealId)).statusCode).toBe(200);
        await untilStage(other, dealId, 'out-for-signature');
      }
    });
    expect(await keysAt('of-acme')).toEqual(['acme-1']);
    expect(await keysAt('of-globex')).toEqual(['globex-1']);
    // A tenant without keys of its own, and a deal of no tenant.
    expect(await keysAt('of-initech')).toEqual(['house']);
    expect(await keysAt('of-nobody')).toEqual(['house']);
  });

  it('that are destroyed leave their deals to nobody, and all others as they were', async () => {
    const without = aDoor([HOUSE, GLOBEX]);
    await working([HOUSE, GLOBEX], async () => {
      const lost = await without.gateway.as('operator', { url: '/deals/of-acme' });
      expect([lost.statusCode, lost.body]).toEqual([503, expect.stringContaining('acme-1')]);
      await untilStage(without, 'of-globex', 'out-for-signature');
    });
  });

  it('may be changed: what the old one wrote is read, what is new has the new one', async () => {
    const before = aDoor([HOUSE, OLD_ACME]);
    all = before;
    await working([HOUSE, OLD_ACME], async () => {
      await start('changed', 'acme');
      await untilStage(before, 'changed', 'in-review');
    });
    expect(await keysAt('changed')).toEqual(['acme-0']);
    all = aDoor(ALL);
    await working(ALL, async () => {
      expect((await approve(all, 'changed')).statusCode).toBe(200);
      await untilStage(all, 'changed', 'out-for-signature');
    });
    expect(await keysAt('changed')).toEqual(['acme-0', 'acme-1']);
  });
});
