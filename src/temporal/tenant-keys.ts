/** Whose deal a payload belongs to: a tenant may have payload keys of its own. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Connection } from '@temporalio/client';
import type { SerializationContext } from '@temporalio/common';
import { DEAL_ID_PREFIX } from '../deal/ids.js';
import { codeOf, GRPC } from './grpc.js';

/** The tenant of the deal that a payload is made for; undefined for one of no tenant, and for all that is no deal's. Rejects when that cannot be told. */
export type TenantOf = (context: SerializationContext | undefined) => Promise<string | undefined>;

const starting = new AsyncLocalStorage<string>();

/** Runs `start`, which starts a deal of this tenant: Temporal cannot be asked yet whose it is. */
export function asTenant<T>(tenant: string | undefined, start: () => Promise<T>): Promise<T> {
  return tenant === undefined ? start() : starting.run(tenant, start);
}

/** Deals whose tenant is kept in mind; of any other Temporal is asked again. */
const REMEMBERED = 20_000;

/** Asks Temporal once for each deal, by the search attribute that the deal was started with, which never changes. */
export function tenantsByTemporal(connection: Connection, namespace: string): TenantOf {
  const known = new Map<string, string | undefined>();

  async function asked(workflowId: string): Promise<string | undefined> {
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId },
    });
    const { data } = workflowExecutionInfo?.searchAttributes?.indexedFields?.['DealTenant'] ?? {};
    const told: unknown = data ? JSON.parse(Buffer.from(data).toString()) : undefined;
    return typeof told === 'string' ? told : undefined;
  }

  return async (context) => {
    const tenant = starting.getStore();
    if (tenant !== undefined) return tenant;
    const workflowId = context?.workflowId;
    if (!workflowId?.startsWith(DEAL_ID_PREFIX)) return undefined;
    if (known.has(workflowId)) return known.get(workflowId);
    try {
      const found = await asked(workflowId);
      for (const [oldest] of known) {
        if (known.size < REMEMBERED) break;
        known.delete(oldest);
      }
      known.set(workflowId, found);
      return found;
    } catch (error) {
      // There is no such deal (yet): whatever this is for will fail or be a start of no tenant.
      if (codeOf(error) === GRPC.NOT_FOUND) return undefined;
      throw error;
    }
  };
}
