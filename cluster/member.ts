/** One process of the cluster. */
import { Connection } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { whenHealthy } from '../src/stack/health.js';
import { Part } from '../src/stack/part.js';
import type { Processes } from '../src/stack/processes.js';
import type { ServiceProcess } from './cluster.js';
import { LOOPBACK, nameOf, portOf, type Member, type Places } from './configuration.js';

/** By which name each service answers for its health; the worker service, which nobody calls, tells by its metrics. */
const HEALTH = {
  frontend: 'temporal.api.workflowservice.v1.WorkflowService',
  history: 'temporal.api.workflowservice.v1.HistoryService',
  matching: 'temporal.api.workflowservice.v1.MatchingService',
} as const;
/** Counted once its own workers poll. */
const WORKS = 'temporal_worker_start';
const SERVING = 1;
/** Ten starts at once on a busy machine. */
const READY_MS = 180_000;

export interface MemberOptions {
  executable: string;
  configuration: string;
  places: Places;
  processes: Processes;
  folder: string;
}

export function memberOf(
  member: Member,
  { executable, configuration, places, processes, folder }: MemberOptions,
): ServiceProcess & { stop(): Promise<void> } {
  const { service, index } = member;
  const port = (kind: string): number => portOf(places, `${nameOf(member)}.${kind}`);
  const ready = (signal: AbortSignal): Promise<void> =>
    service === 'worker'
      ? whenHealthy(`http://${LOOPBACK}:${port('metrics')}/metrics`, signal, WORKS)
      : serving(`${LOOPBACK}:${port('grpc')}`, HEALTH[service], signal);
  const part = new Part(processes, {
    spec: {
      name: nameOf(member),
      command: executable,
      args: ['--config-file', configuration, '--allow-no-auth', 'start', '--service', service],
      env: cleanEnvironment(process.env, false),
      cwd: folder,
    },
    ready,
    readyMs: READY_MS,
    comesBack: false,
  });
  return {
    service,
    index,
    pid: () => (part.isRunning() ? part.pid : undefined),
    kill: () => void part.kill(),
    start: async () => {
      if (!part.isRunning()) await part.start();
    },
    stop: () => part.stop(),
  };
}

async function serving(address: string, service: string, signal: AbortSignal): Promise<void> {
  const connection = Connection.lazy({ address, channelArgs: { 'grpc.max_reconnect_backoff_ms': 500 } });
  try {
    for (;;) {
      signal.throwIfAborted();
      if (await isServing(connection, service)) return;
      await pause(100);
    }
  } finally {
    await connection.close();
  }
}

async function isServing(connection: Connection, service: string): Promise<boolean> {
  try {
    const { status } = await connection.withDeadline(Date.now() + 2000, () =>
      connection.healthService.check({ service }),
    );
    return Number(status) === SERVING;
  } catch {
    return false;
  }
}
