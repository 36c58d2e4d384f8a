/** What a namespace needs before deals can run in it. Everything here may be repeated. */
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { setTimeout as pause } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../deal/search-attributes.js';
import { codeOf, GRPC } from './grpc.js';

/** How Temporal numbers the types of search attributes (`temporal.api.enums.v1.IndexedValueType`). */
const TYPE_NUMBERS = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 } as const;

const DAY_SECONDS = 86_400;
/** A deal that has ended is protected against a second start for as long as Temporal keeps it. */
const RETENTION_DAYS = 30;

/** A namespace or search attribute that a person must mend; the message says how. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** Makes the namespace when it is missing and waits until it can be used. Answers how long it keeps ended deals. */
export async function ensureNamespace(
  { workflowService, operatorService }: Connection,
  namespace: string,
  patienceMs = 60_000,
): Promise<{ created: boolean; retentionDays: number }> {
  const present = await retentionOf();
  if (present !== undefined) {
    await until(usable, `the namespace ${namespace}`, patienceMs);
    return { created: false, retentionDays: present };
  }
  try {
    await workflowService.registerNamespace({
      namespace,
      description: 'Deals of Countersign',
      workflowExecutionRetentionPeriod: msToTs(`${RETENTION_DAYS} days`),
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === GRPC.PERMISSION_DENIED || code === GRPC.UNIMPLEMENTED) {
      throw new SetupError(
        `The namespace ${namespace} does not exist and may not be made from here. Make it in Temporal's own console ` +
          `(on Temporal Cloud: tcld namespace create), with a retention of ${RETENTION_DAYS} days, then repeat.`,
      );
    }
    if (code !== GRPC.ALREADY_EXISTS) throw error;
  }
  await until(usable, `the namespace ${namespace}`, patienceMs);
  return { created: true, retentionDays: RETENTION_DAYS };

  /** The nodes of a server hear of a new namespace one by one, some seconds after it was made. */
  async function usable(): Promise<boolean> {
    try {
      await operatorService.listSearchAttributes({ namespace });
      return true;
    } catch (error) {
      return codeOf(error) !== GRPC.NOT_FOUND;
    }
  }

  async function retentionOf(): Promise<number | undefined> {
    try {
      const { config } = await workflowService.describeNamespace({ namespace });
      return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_SECONDS;
    } catch (error) {
      if (codeOf(error) === GRPC.NOT_FOUND) return undefined;
      throw error;
    }
  }
}

/** Registers the search attributes that are missing and answers their names. Throws `SetupError` when one has another type. */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  patienceMs = 60_000,
): Promise<string[]> {
  const { operatorService } = connection;
  const lacking = () =>
    missingNow(connection, namespace).catch((error: unknown) => {
      throw explained(error, Object.entries(SEARCH_ATTRIBUTES));
    });
  let missing = await lacking();
  const added = missing;
  if (missing.length === 0) return [];
  const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, TYPE_NUMBERS[type]]));
  await until(
    async () => {
      try {
        await operatorService.addSearchAttributes({ namespace, searchAttributes });
      } catch (error) {
        // Another set-up was faster, or a node of the server has not heard of the new namespace yet.
        const passing = [GRPC.ALREADY_EXISTS, GRPC.NOT_FOUND];
        if (!passing.some((code) => code === codeOf(error))) throw explained(error, missing);
      }
      missing = await lacking();
      return missing.length === 0;
    },
    'the search attributes',
    patienceMs,
  );
  return added.map(([name]) => name);
}

/** Those that a namespace lacks; none where they cannot be listed. Throws `SetupError` when one has another type. */
export async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  try {
    return (await missingNow(connection, namespace)).map(([name]) => name);
  } catch (error) {
    const code = codeOf(error);
    if (code === GRPC.PERMISSION_DENIED || code === GRPC.UNIMPLEMENTED) return [];
    throw error;
  }
}

async function missingNow({ operatorService }: Connection, namespace: string) {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return Object.entries(SEARCH_ATTRIBUTES).filter(([name, type]) => {
    const present = Number(customAttributes[name] ?? 0);
    if (present === 0) return true;
    if (present === TYPE_NUMBERS[type]) return false;
    throw new SetupError(
      `The search attribute ${name} of the namespace ${namespace} is ${typeName(present)} but must be ${type}. ` +
        `Remove it (temporal operator search-attribute remove --name ${name}) or use another namespace, then repeat.`,
    );
  });
}

function typeName(number: number): string {
  return Object.entries(TYPE_NUMBERS).find(([, candidate]) => candidate === number)?.[0] ?? `of type ${number}`;
}

function explained(error: unknown, missing: (readonly [string, string])[]): unknown {
  const code = codeOf(error);
  if (code !== GRPC.PERMISSION_DENIED && code !== GRPC.UNIMPLEMENTED) return error;
  const list = missing.map(([name, type]) => `${name} (${type})`).join(', ');
  return new SetupError(
    `Search attributes may not be registered from here. Add ${list} in Temporal's own console ` +
      '(on Temporal Cloud: tcld namespace search-attributes add), then repeat.',
  );
}

async function until(done: () => Promise<boolean>, what: string, patienceMs: number): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await done())) {
    if (Date.now() > end) throw new SetupError(`Temporal did not show ${what} within ${patienceMs / 1000} s. Repeat.`);
    await pause(500);
  }
}
