/** Deals that are open on a real dev server and answer as they are told to. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { vi } from 'vitest';
import { WORKFLOW_TYPE } from '../../src/deal/messages.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { startDevServer } from '../support/temporal-servers.js';

export interface OpenDeals {
  temporal: TemporalClient;
  address: string;
  taskQueue: string;
  /** Opens a deal; null makes one that does not answer. Settles once Temporal lists all that are open. */
  open(snapshots: Record<string, Partial<DealSnapshot> | null>, taskQueue?: string): Promise<void>;
  /** Ends all deals and waits until Temporal lists none. */
  endAll(): Promise<void>;
  stop(): Promise<void>;
}

export async function openDeals(): Promise<OpenDeals> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const taskQueue = 'doctor';
  const server = await startDevServer();
  const temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  const connection = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./open-deal-workflow.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { none: async () => undefined },
  });
  const running = worker.run();
  const { client } = temporal;
  const open = new Set<string>();
  const listed = (count: number) =>
    vi.waitUntil(async () => (await client.workflow.count('ExecutionStatus = "Running"')).count === count, {
      timeout: 20_000,
      interval: 100,
    });

  return {
    temporal,
    address: server.address,
    taskQueue,
    async open(snapshots, queue = taskQueue) {
      for (const [workflowId, snapshot] of Object.entries(snapshots)) {
        await client.workflow.start(WORKFLOW_TYPE, { workflowId, taskQueue: queue, args: [snapshot] });
        open.add(workflowId);
      }
      await listed(open.size);
    },
    async endAll() {
      await Promise.all(
        [...open].map((workflowId) => client.workflow.getHandle(workflowId).terminate('the test is over')),
      );
      open.clear();
      await listed(0);
    },
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
      await temporal.connection.close();
      await server.stop();
    },
  };
}
