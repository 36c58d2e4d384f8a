/** Whether Temporal answers, is set up for deals, and has a worker that takes their steps. */
import { encodeSearchAttributeIndexedValueType as typeNumber } from '@temporalio/common/lib/search-attributes.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../deal/search-attributes.js';
import type { TemporalClient } from '../temporal/connection.js';
import { codeOf, GRPC } from '../temporal/grpc.js';
import { payloadKeyChecks } from './payload-keys/check.js';
import { ok, problem, skipped, warning, wordsOf, type Check } from './check.js';

export interface TemporalPart {
  temporal: TemporalClient;
  /** As configured, for messages. */
  address: string;
  namespace: string;
  /** Undefined where the settings do not tell it. */
  taskQueue: string | undefined;
  /** Ids of the keys that payloads are encrypted with, the one in use first; none: they are plain. */
  payloadKeyIds?: readonly string[];
}

export interface TemporalFindings {
  checks: Check[];
  /** Whether the open deals can be listed, and whether somebody is there to answer for them. */
  lists: boolean;
  answers: boolean;
}

const CALL_MS = 5_000;
/** A poll lasts a minute: a worker that has not come back for longer than this is gone. */
const SILENT_WORKER_MS = 2 * 60_000;
const RETENTION_DAYS = 30;
const SET_UP = 'Run npm run setup with the same TEMPORAL_... settings.';

const CREDENTIALS = 'Check TEMPORAL_API_KEY, TEMPORAL_TLS_... and that the key may use this namespace.';

/** Looks at one thing after the other; what hangs on a thing that is missing is skipped. */
export async function examineTemporal(part: TemporalPart): Promise<TemporalFindings> {
  const reached = await reach(part);
  if (!reached.found) return { checks: reached.checks, lists: false, answers: false };
  const attributes = await searchAttributesCheck(part);
  const worker = await workerCheck(part);
  const keys = await payloadKeyChecks(part);
  return { checks: [...reached.checks, attributes, worker, ...keys], lists: true, answers: worker.status === 'ok' };
}

async function reach({ temporal, address, namespace }: TemporalPart): Promise<{ checks: Check[]; found: boolean }> {
  const rest = skipped('namespace', 'not checked: neither it, its search attributes nor the workers can be looked at');
  try {
    const { config } = await temporal.connection.withDeadline(Date.now() + CALL_MS, () =>
      temporal.connection.workflowService.describeNamespace({ namespace }),
    );
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
    return { checks: [ok('Temporal', `${address} answers`), retentionCheck(namespace, days)], found: true };
  } catch (error) {
    switch (codeOf(error)) {
      case GRPC.NOT_FOUND: {
        const missing = problem(
          'namespace',
          `${namespace} does not exist`,
          `Check TEMPORAL_NAMESPACE, or make it: ${SET_UP}`,
        );
        return { checks: [ok('Temporal', `${address} answers`), missing], found: false };
      }
      case GRPC.PERMISSION_DENIED:
      case GRPC.UNAUTHENTICATED: {
        const refused = problem('Temporal', `${address} refuses the credentials: ${causeOf(error)}`, CREDENTIALS);
        return { checks: [refused, rest], found: false };
      }
      default: {
        const away = problem(
          'Temporal',
          `${address} does not answer: ${causeOf(error)}`,
          'Start the Temporal server, or check TEMPORAL_ADDRESS, TEMPORAL_TLS_... and the network.',
        );
        return { checks: [away, rest], found: false };
      }
    }
  }
}

function retentionCheck(namespace: string, days: number): Check {
  if (days >= RETENTION_DAYS) return ok('namespace', `${namespace} keeps ended deals for ${days} days`);
  return warning(
    'namespace',
    `${namespace} forgets ended deals after ${days * 24} hours, and with them that they must not start again`,
    `Raise it: temporal operator namespace update --retention ${RETENTION_DAYS}d ${namespace}`,
  );
}

async function searchAttributesCheck({ temporal, namespace }: TemporalPart): Promise<Check> {
  const name = 'search attributes';
  let registered: Record<string, unknown>;
  try {
    const { customAttributes } = await temporal.connection.withDeadline(Date.now() + CALL_MS, () =>
      temporal.connection.operatorService.listSearchAttributes({ namespace }),
    );
    registered = customAttributes;
  } catch (error) {
    const names = Object.keys(SEARCH_ATTRIBUTES).join(', ');
    return warning(
      name,
      `they cannot be listed from here: ${causeOf(error)}`,
      `See in Temporal's own console that ${names} are there; deals cannot start without them.`,
    );
  }
  const wanted = Object.entries(SEARCH_ATTRIBUTES);
  const missing = wanted.filter(([attribute]) => !registered[attribute]).map(([attribute]) => attribute);
  if (missing.length > 0) return problem(name, `${namespace} lacks ${missing.join(', ')}`, SET_UP);
  const odd = wanted.filter(([attribute, type]) => Number(registered[attribute]) !== Number(typeNumber(type)));
  if (odd.length === 0) return ok(name, `${namespace} has all ${wanted.length}`);
  const [first] = odd;
  return problem(
    name,
    `of another type than ${namespace} needs: ${odd.map(([attribute, type]) => `${attribute} must be ${type}`).join(', ')}`,
    `Remove it (temporal operator search-attribute remove --name ${first?.[0]}) or use another namespace, then run npm run setup.`,
  );
}

/** Workflow and activity tasks of a queue are polled for apart (`temporal.api.enums.v1.TaskQueueType`). */
const TASK_TYPES = { workflow: 1, activity: 2 } as const;

async function workerCheck({ temporal, namespace, taskQueue }: TemporalPart): Promise<Check> {
  if (taskQueue === undefined) return skipped('worker', 'not checked: the settings do not tell the task queue');
  const { connection } = temporal;
  const fix = `Start a worker (npm run worker) with TASK_QUEUE=${taskQueue} and this namespace, or look into its log why it stopped.`;
  try {
    const identities = new Set<string>();
    for (const [kind, taskQueueType] of Object.entries(TASK_TYPES)) {
      const { pollers } = await connection.withDeadline(Date.now() + CALL_MS, () =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType }),
      );
      const awake = (pollers ?? []).filter(
        ({ lastAccessTime }) => lastAccessTime && Date.now() - tsToMs(lastAccessTime) < SILENT_WORKER_MS,
      );
      if (awake.length === 0) return problem('worker', `none asks for ${kind} tasks of the queue ${taskQueue}`, fix);
      for (const { identity } of awake) identities.add(identity ?? 'unknown');
    }
    return ok('worker', `${identities.size} on the task queue ${taskQueue}`);
  } catch (error) {
    return problem('worker', `the task queue ${taskQueue} cannot be looked at: ${causeOf(error)}`, CREDENTIALS);
  }
}

/** Temporal's client says the general in the error and the particular in its cause; gRPC ends it with a note that is mostly empty. */
function causeOf(error: unknown): string {
  const words = wordsOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
  return words.replace(/\.? Resolution note:.*$/, '');
}
