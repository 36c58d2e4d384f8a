/** What each process of the cluster is told: Temporal's own configuration format, a file a process. */
import { stringify } from 'yaml';
import type { TemporalService } from './cluster.js';

/** In the order in which they are shown; they start together. */
export const SERVICES: readonly TemporalService[] = ['frontend', 'history', 'matching', 'worker'];

export const LOOPBACK = '127.0.0.1';

/** Connections to PostgreSQL that each process may open: for its tables, and for visibility. */
const CONNECTIONS = { tables: 20, visibility: 10 };
/** For PostgreSQL's own superuser slots, the schema tool and whoever looks in. */
const SPARE_CONNECTIONS = 30;

export interface Member {
  service: TemporalService;
  index: number;
}

export interface Places {
  shards: number;
  /** By the names of `portNames`. */
  ports: Readonly<Record<string, number>>;
}

export function servicesOf(each: number): Member[] {
  return SERVICES.flatMap((service) => Array.from({ length: each }, (_, index) => ({ service, index })));
}

export function nameOf({ service, index }: Member): string {
  return `${service}-${index}`;
}

/** Names of the ports of one process. Each process says in the ring where it is, so no two need the same. */
function portsOf(member: Member): string[] {
  const kinds =
    member.service === 'frontend' ? ['grpc', 'http', 'membership', 'metrics'] : ['grpc', 'membership', 'metrics'];
  return kinds.map((kind) => `${nameOf(member)}.${kind}`);
}

export function portNames(members: readonly Member[]): string[] {
  return ['address', 'postgres', ...members.flatMap(portsOf)];
}

export function portOf({ ports }: Places, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`no port for ${name}`);
  return port;
}

/** Connections that PostgreSQL must allow. */
export function connectionsOf(members: readonly Member[]): number {
  return members.length * (CONNECTIONS.tables + CONNECTIONS.visibility) + SPARE_CONNECTIONS;
}

/** The configuration file of one process. */
export function configurationOf(member: Member, places: Places, dynamicConfig: string): string {
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `${LOOPBACK}:${portOf(places, 'postgres')}`,
      connectProtocol: 'tcp',
      user: 'temporal',
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  // Each process must know of all services, though it finds the others by the ring and not by these ports.
  const services = SERVICES.map((service) => {
    const name = nameOf({ service, index: service === member.service ? member.index : 0 });
    const rpc = {
      grpcPort: portOf(places, `${name}.grpc`),
      membershipPort: portOf(places, `${name}.membership`),
      bindOnLocalHost: true,
      ...(service === 'frontend' && { httpPort: portOf(places, `${name}.http`) }),
    };
    return [service, { rpc }] as const;
  });
  return stringify({
    log: { stdout: true, level: 'info' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: places.shards,
      datastores: {
        default: store('temporal', CONNECTIONS.tables),
        visibility: store('temporal_visibility', CONNECTIONS.visibility),
      },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: LOOPBACK },
      metrics: {
        prometheus: {
          timerType: 'histogram',
          listenAddress: `${LOOPBACK}:${portOf(places, `${nameOf(member)}.metrics`)}`,
        },
      },
    },
    services: Object.fromEntries(services),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${LOOPBACK}:${portOf(places, 'address')}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
    namespaceDefaults: { archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } } },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '10s' },
  });
}
