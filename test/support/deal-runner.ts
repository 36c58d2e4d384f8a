/** Runs deals of the real workflow and activities with the paper world outside, on a server that skips time or on a real one. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { createActivities } from '../../src/activities/index.js';
import { workflowIdOf } from '../../src/deal/ids.js';
import { DEAL_QUERY, EVENT_SIGNAL, WORKFLOW_TYPE, type MessageName } from '../../src/deal/messages.js';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import type { DealResult, DealSnapshot } from '../../src/deal/snapshot.js';
import type { DealStart } from '../../src/deal/start.js';
import { aDeal } from './deals.js';
import { BUNDLE } from './global-setup.js';
import { aPaperWorld, type PaperWorld } from './paper-world.js';
import { startDevServer, timeSkippingServerPath } from './temporal-servers.js';
import { startTimeSkipping } from './time-skipping-server.js';

export interface RunningDeal {
  start: DealStart;
  handle: WorkflowHandle;
  world: PaperWorld;
  snapshot(): Promise<DealSnapshot>;
  /** Waits until the deal's snapshot satisfies `is`; real seconds, the deal's own clock stands still. */
  until(is: (deal: DealSnapshot) => boolean): Promise<DealSnapshot>;
  untilStage(stage: DealSnapshot['stage']): Promise<DealSnapshot>;
  signal(name: MessageName, payload: unknown): Promise<void>;
  update(name: MessageName, payload: unknown): Promise<unknown>;
  event(event: string, envelopeId?: string): Promise<void>;
  /** Lets the deal's own time pass. */
  pass(duration: '1 minute' | '1 hour' | `${number} ${'ms' | 'hours' | 'days'}`): Promise<void>;
  /** The deal's end; time passes as fast as it needs to. */
  result(): Promise<DealResult>;
  events(): Promise<string[]>;
  /** How many events each run of the deal has, in order: a long-lived deal goes on in a fresh run. */
  runLengths(): Promise<number[]>;
}

export interface DealRunner {
  env: TestWorkflowEnvironment;
  run<T>(
    script: (deal: RunningDeal) => Promise<T>,
    start?: Partial<DealStart> | ((dealId: string) => DealStart),
    before?: (world: PaperWorld) => void,
  ): Promise<T>;
  stop(): Promise<void>;
}

export const approve = { decision: 'approve', reviewer: 'rita' };

/** The timeline as one text. */
export const what = (deal: { timeline: { what: string }[] }) => deal.timeline.map((entry) => entry.what).join('\n');

/** Brings a fresh deal to the signers by an approval here. */
export async function outForSignature(deal: RunningDeal): Promise<DealSnapshot> {
  await deal.untilStage('in-review');
  await deal.update('review', approve);
  return deal.untilStage('out-for-signature');
}

/** Deals whose time passes at once: `pass` and `result` skip it. One at a time, since they share the clock. */
export async function aDealRunner(signedPdf: Uint8Array): Promise<DealRunner> {
  install();
  const env = await startTimeSkipping(await timeSkippingServerPath());
  await env.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, type === 'KEYWORD' ? 2 : 6]),
    ),
  });
  return runnerOn(env, () => env.teardown(), signedPdf);
}

/** Deals on Temporal's own server, in real time; several may run at once. */
export async function aRealTimeDealRunner(signedPdf: Uint8Array): Promise<DealRunner> {
  install();
  const server = await startDevServer();
  const env = await TestWorkflowEnvironment.createFromExistingServer({ address: server.address });
  const stop = async (): Promise<void> => {
    await env.teardown();
    await server.stop();
  };
  return runnerOn(env, stop, signedPdf);
}

/** Everybody signs the newest envelope in turn, and the event tells it; answers the deal's end. */
export async function signedByAll(deal: RunningDeal): Promise<DealResult> {
  const envelope = deal.world.envelopes.at(-1);
  while (envelope?.status === 'pending') deal.world.sign(envelope);
  await deal.event('envelope.signed');
  return deal.result();
}

let installed = false;
function install(): void {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
}

function runnerOn(env: TestWorkflowEnvironment, stop: () => Promise<void>, signedPdf: Uint8Array): DealRunner {
  let runs = 0;

  return {
    env,
    async run(script, over, before) {
      const world = aPaperWorld(signedPdf);
      before?.(world);
      const taskQueue = `deals-${++runs}`;
      const start = typeof over === 'function' ? over(`d${runs}`) : aDeal({ dealId: `d${runs}`, ...over });
      const { dealId, round } = start;
      const worker = await Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        identity: 'test',
        workflowBundle: { codePath: BUNDLE },
        activities: createActivities(world),
      });
      return worker.runUntil(async () => {
        const handle = await env.client.workflow.start(WORKFLOW_TYPE, {
          workflowId: workflowIdOf(dealId, round),
          taskQueue,
          args: [start],
          memo: { dealId, round },
        });
        const eventsOf = async (runId: string) => {
          const { events } = await env.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
          return events ?? [];
        };
        const deal: RunningDeal = {
          start,
          handle,
          world,
          snapshot: () => handle.query<DealSnapshot>(DEAL_QUERY),
          async until(is) {
            const deadline = Date.now() + 15_000;
            for (;;) {
              const snapshot = await deal.snapshot();
              if (is(snapshot)) return snapshot;
              if (Date.now() > deadline)
                throw new Error(`the deal never got there: ${JSON.stringify(snapshot, null, 1)}`);
              await new Promise((resolve) => setTimeout(resolve, 20));
            }
          },
          untilStage: (stage) => deal.until((snapshot) => snapshot.stage === stage),
          signal: (name, payload) => handle.signal(name, payload),
          update: (name, payload) => handle.executeUpdate(name, { args: [payload] }),
          event: (event, envelopeId = world.envelopes.at(-1)?.envelopeId ?? '') =>
            handle.signal(EVENT_SIGNAL, { event, envelopeId, receivedAt: '2026-01-05T09:00:00Z', deliveryId: 'd' }),
          pass: (duration) => env.sleep(duration),
          result: () => handle.result() as Promise<DealResult>,
          async events() {
            const { history } = await env.client.workflowService.getWorkflowExecutionHistory({
              namespace: 'default',
              execution: { workflowId: handle.workflowId },
            });
            return (history?.events ?? []).map((event) => String(event.eventType));
          },
          async runLengths() {
            const lengths: number[] = [];
            let runId: string | undefined = handle.firstExecutionRunId;
            while (runId) {
              const events = await eventsOf(runId);
              lengths.push(events.length);
              runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
            }
            return lengths;
          },
        };
        try {
          return await script(deal);
        } finally {
          // A deal left open would hold the server's clock: its timers fire, and no worker is left to answer.
          await handle.terminate('the test is over').catch(() => undefined);
        }
      });
    },
    stop,
  };
}
