/** The two ways to the deals: by the gateway's API, or straight at Temporal. */
import { readCliSettings, readPolicies, type Environment } from '../../config.js';
import { createDesk } from '../../gateway/desk.js';
import { createTemporalDeals } from '../../gateway/temporal-deals.js';
import { openTemporal } from '../../temporal/connection.js';
import { UsageError } from '../program.js';
import { NO_PROVIDER, osUser } from '../without-gateway.js';
import { createGatewayDesk, type DealsDesk } from './gateway-desk.js';

export interface WayOptions {
  /** The gateway, whatever COUNTERSIGN_URL says. */
  url?: string;
  /** Whom the timeline names. */
  as?: string;
  /** Deals are to be started: straight at Temporal that takes the policies of their types. */
  starting?: boolean;
}

export interface OpenDesk {
  desk: DealsDesk;
  /** Where the deals are and in whose name they are acted on, as one line: another one is another place or person. */
  identity: string;
  close: () => Promise<void>;
}

export type OpenWay = (options: WayOptions) => Promise<OpenDesk>;

/** Throws `SettingsError`, and `UsageError` when a name is given that would not count. Nothing is connected before the first call. */
export function wayByEnvironment(env: Environment): OpenWay {
  return async ({ url, as, starting }) => {
    const settings = readCliSettings(url === undefined ? env : { ...env, COUNTERSIGN_URL: url });
    if (settings.kind === 'gateway') {
      const { token } = settings;
      if (as !== undefined && token !== null) {
        throw new UsageError('--as does not go with COUNTERSIGN_TOKEN: the timeline names whose token it is');
      }
      const name = token === null ? (as ?? osUser()) : null;
      const { desk, close } = createGatewayDesk({ url: settings.url, token, name });
      return { desk, identity: `gateway ${settings.url} ${name ?? 'by token'}`, close };
    }
    const { temporal, taskQueue } = settings;
    const policies = starting ? readPolicies(env) : new Map<string, never>();
    const name = as ?? osUser();
    const client = openTemporal(temporal);
    const deals = createTemporalDeals(client, { namespace: temporal.namespace, taskQueue });
    const parts = { deals, signing: NO_PROVIDER, policies };
    return {
      desk: createDesk(parts, { role: 'operator', name, named: false }),
      identity: `temporal ${temporal.connectionOptions.address ?? ''} ${temporal.namespace} ${name}`,
      close: () => client.connection.close(),
    };
  };
}
