/** One turn of a version, and what it took. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { BenchStack, Version } from './bench-stack.js';
import type { CrmReceiver } from './crm-receiver.js';
import type { DealDriver } from './deal-driver.js';
import { cpuMsOf, rssMiBOf } from './process-usage.js';
import type { SandboxAdmin } from './sandbox-admin.js';

export interface DealMeasure {
  /** Epoch milliseconds, by Temporal. */
  started: number;
  closed: number;
  status: string;
  /** From the sandbox's first attempt to tell of the last signature to the end of the workflow. */
  signedToClosedMs: number;
  historyEvents: number;
  historyBytes: number;
  attachments: number;
  /** Times that webhooks had to be sent again. */
  repeatedWebhooks: number;
}

export const MEASURED_PROCESSES = ['worker', 'gateway', 'temporal', 'sandbox'] as const;
export type MeasuredProcess = (typeof MEASURED_PROCESSES)[number];

export interface TurnMeasure {
  version: Version['name'];
  deals: DealMeasure[];
  /** From the first start to the last end. */
  seconds: number;
  /** CPU time during the turn; null where it cannot be read. */
  cpuMs: Record<MeasuredProcess, number | null>;
  workerRssMiB: number | null;
}

export interface Bench {
  stack: BenchStack;
  client: Client;
  crm: CrmReceiver;
  sandbox: SandboxAdmin;
  driver: DealDriver;
}

export async function measureTurn(
  bench: Bench,
  version: Version,
  dealIds: readonly string[],
  concurrency: number,
  onCompleted: (done: number) => void,
): Promise<TurnMeasure> {
  const before = await cpuOf(bench.stack, version);
  await bench.driver.drive({ version, dealIds, concurrency, onCompleted });
  const after = await cpuOf(bench.stack, version);
  const workerRssMiB = await rssMiBOf(version.worker.pid);

  const deals: DealMeasure[] = [];
  for (const dealId of dealIds) deals.push(await measureDeal(bench, version, dealId));
  const first = Math.min(...deals.map((deal) => deal.started));
  const last = Math.max(...deals.map((deal) => deal.closed));
  const used = (name: MeasuredProcess): number | null => {
    const [from, to] = [before[name], after[name]];
    return from === null || to === null ? null : to - from;
  };
  return {
    version: version.name,
    deals,
    seconds: (last - first) / 1000,
    cpuMs: { worker: used('worker'), gateway: used('gateway'), temporal: used('temporal'), sandbox: used('sandbox') },
    workerRssMiB,
  };
}

async function cpuOf(stack: BenchStack, version: Version): Promise<Record<MeasuredProcess, number | null>> {
  const [worker, gateway, temporal, sandbox] = await Promise.all([
    cpuMsOf(version.worker.pid),
    cpuMsOf(version.gateway.pid),
    stack.temporal === null ? null : cpuMsOf(stack.temporal.pid),
    cpuMsOf(stack.sandbox.pid),
  ]);
  return { worker, gateway, temporal, sandbox };
}

async function measureDeal(bench: Bench, version: Version, dealId: string): Promise<DealMeasure> {
  const run = await ended(bench.client, version.workflowIdOf(dealId));
  const { envelopeId, attachments } = bench.crm.deal(dealId);
  if (envelopeId === null) throw new Error(`${dealId} has no envelope`);
  const { deliveries } = await bench.sandbox.envelope(envelopeId);
  const told = deliveries.find((delivery) => delivery.event === 'envelope.signed')?.attempts[0]?.at;
  if (told === undefined) throw new Error(`The sandbox has told nobody that ${dealId} is signed`);
  const closed = run.closeTime?.getTime() ?? NaN;
  return {
    started: run.startTime.getTime(),
    closed,
    status: run.status.name,
    signedToClosedMs: closed - Date.parse(told),
    historyEvents: run.historyLength,
    historyBytes: run.historySize ?? NaN,
    attachments,
    repeatedWebhooks: deliveries.reduce((sum, { attempts }) => sum + attempts.length - 1, 0),
  };
}

/** The workflow once it has ended, which it does an instant after the CRM has learned that the deal is completed. */
async function ended(client: Client, workflowId: string) {
  const handle = client.workflow.getHandle(workflowId);
  for (const deadline = Date.now() + 30_000; ;) {
    const run = await handle.describe();
    if (run.status.name !== 'RUNNING') return run;
    if (Date.now() > deadline) throw new Error(`${workflowId} has completed its deal but does not end`);
    await wait(20);
  }
}
