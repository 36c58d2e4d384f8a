/** The desk of an assistant that works straight at Temporal, without a gateway: whoever runs it is an operator. */
import { readPolicies, SettingsError, type CliSettings, type Environment } from '../../config.js';
import type { Policy } from '../../deal/policy.js';
import { createDesk } from '../../gateway/desk.js';
import type { AssistantDesk } from '../../gateway/mcp/tool.js';
import type { Caller } from '../../gateway/identity.js';
import { Problem } from '../../gateway/problem.js';
import { createTemporalDeals } from '../../gateway/temporal-deals.js';
import { openTemporal } from '../../temporal/connection.js';
import { NO_PROVIDER, osUser } from '../without-gateway.js';

/** Nothing is connected before the first call. The document types are read at each start, so that the others need none. */
export function temporalDesk(
  { temporal, taskQueue }: Extract<CliSettings, { kind: 'temporal' }>,
  env: Environment,
): { desk: AssistantDesk; close: () => Promise<void> } {
  const client = openTemporal(temporal);
  const deals = createTemporalDeals(client, { namespace: temporal.namespace, taskQueue });
  const caller: Caller = { role: 'operator', name: osUser(), named: true };
  const deskOver = (policies: ReadonlyMap<string, Policy>) =>
    createDesk({ deals, signing: NO_PROVIDER, policies }, caller, { alwaysReviewed: true });
  return {
    desk: { ...deskOver(new Map()), start: async (body) => deskOver(policiesIn(env)).start(body) },
    close: () => client.connection.close(),
  };
}

function policiesIn(env: Environment): ReadonlyMap<string, Policy> {
  try {
    return readPolicies(env);
  } catch (error) {
    if (error instanceof SettingsError) throw new Problem(503, 'settings', error.message);
    throw error;
  }
}
