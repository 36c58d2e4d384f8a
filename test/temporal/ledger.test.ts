/** The ledger on a real Temporal server: what deals must know of each other. */
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerIdOf, openLedger, reserveSend, vouch, type Ledger } from '../../src/deal/ledger.js';
import { createTemporalLedger } from '../../src/temporal/ledger.js';
import { BUNDLE } from '../support/global-setup.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const QUEUE = 'ledger-test';

let temporal: StartedDevServer;
let connection: Connection;
let native: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let client: Client;
let ledger: Ledger;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  temporal = await startDevServer();
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
  native = await NativeConnection.connect({ address: temporal.address });
  worker = await Worker.create({ connection: native, taskQueue: QUEUE, workflowBundle: { codePath: BUNDLE } });
  running = worker.run();
  ledger = createTemporalLedger(client, QUEUE);
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await Promise.all([connection.close(), native.close()]);
  await temporal.stop();
});

describe('the ledger', () => {
  it('knows of no approval before the first one is entered', async () => {
    expect(await ledger.isVouched('tmpl_1@v1')).toBe(false);
  });

  it('lets as many sends out as the budget has, however many ask at once, and each once', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `deal-${index}/r1`);
    const granted = await Promise.all(names.map((send) => ledger.reserveSend({ send, budget: 5 })));
    expect(granted.filter(Boolean)).toHaveLength(5);
    const again = await Promise.all(names.map((send) => ledger.reserveSend({ send, budget: 5 })));
    expect(again).toEqual(granted);
    expect(await ledger.reserveSend({ send: 'one more', budget: 6 })).toBe(true);
  });

  it('remembers approved versions, also in the run that follows a long one', { timeout: 120_000 }, async () => {
    await ledger.vouch('tmpl_1@v1');
    const first = (await client.workflow.getHandle(ledgerIdOf(QUEUE)).describe()).runId;
    for (let asked = 0; asked < 260; asked++) await ledger.reserveSend({ send: `s${asked}`, budget: 1 });
    const later = await client.workflow.getHandle(ledgerIdOf(QUEUE)).describe();
    expect(later.runId).not.toBe(first);
    expect(later.historyLength).toBeLessThan(1000);
    expect(await ledger.isVouched('tmpl_1@v1')).toBe(true);
    expect(await ledger.isVouched('tmpl_1@v2')).toBe(false);
  });
});

describe('a day of sends', () => {
  it('begins empty', () => {
    const book = openLedger();
    expect(reserveSend(book, '2026-01-05', { send: 'a', budget: 1 })).toBe(true);
    expect(reserveSend(book, '2026-01-05', { send: 'b', budget: 1 })).toBe(false);
    expect(reserveSend(book, '2026-01-06', { send: 'b', budget: 1 })).toBe(true);
  });

  it('holds no more approvals than it can carry, and forgets the oldest', () => {
    const book = openLedger();
    for (let version = 0; version < 1001; version++) vouch(book, `t@${version}`);
    expect(book.vouched).toHaveLength(1000);
    expect(book.vouched).not.toContain('t@0');
    expect(book.vouched).toContain('t@1000');
  });
});
