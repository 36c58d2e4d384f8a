/** A deployment as an operator sees it: workers of several builds in one process, steered by Temporal's own command line. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities } from '../../src/activities/index.js';
import type { PaperWorld } from '../support/paper-world.js';
import { devServerPath } from '../support/temporal-servers.js';

const run = promisify(execFile);

export const DEPLOYMENT = 'countersign';
export const QUEUE = 'deploying';

export interface RunningWorker {
  /** Ends when its running steps have; safe to call twice. */
  stop(): Promise<void>;
}

/** `buildId` null: a worker without versions. */
export async function startWorker(
  connection: NativeConnection,
  world: PaperWorld,
  code: string,
  buildId: string | null,
): Promise<RunningWorker> {
  const worker = await Worker.create({
    connection,
    taskQueue: QUEUE,
    identity: buildId ?? 'unversioned',
    workflowBundle: { code },
    activities: createActivities(world),
    ...(buildId !== null && {
      workerDeploymentOptions: {
        version: { deploymentName: DEPLOYMENT, buildId },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED',
      },
    }),
  });
  const ended = worker.run();
  return {
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** Temporal's command line against the server at `address`, as docs/deploying.md has it. */
export const commandLine = (address: string) => async (command: string) => {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const { stdout } = await run(await devServerPath(), [...words, '--address', address], { timeout: 60_000 });
  return stdout;
};

/** Repeats `work` until it succeeds: a version is known only once its first worker has asked for tasks. */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The build that a workflow's last task was done by; null when that was a worker without versions. */
export async function buildOf(client: Client, workflowId: string): Promise<string | null> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? null;
}
