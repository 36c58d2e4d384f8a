/** A Temporal cluster as it is run in earnest: each service its own processes, on PostgreSQL. */

export type TemporalService = 'frontend' | 'history' | 'matching' | 'worker';

export interface ClusterOptions {
  /** Holds configuration, logs and PostgreSQL's data; made when it is not there. A later start on the same folder goes on where it was. */
  folder: string;
  /** Default `default`. */
  namespace?: string;
  /** Processes of each service; default 2. */
  each?: number;
  /** History shards; default 4. Fixed for the life of the folder. */
  shards?: number;
  /** Told of each step. */
  say?: (line: string) => void;
}

export interface Cluster {
  /** The frontends' gRPC addresses. A client of one of them is lost with it. */
  frontends: string[];
  /** Passes each connection on to a frontend that is up: what a load balancer is elsewhere. */
  address: string;
  namespace: string;
  postgres: {
    /** Superuser's URL of one of its databases. */
    url(database: string): string;
    /** Ends PostgreSQL as a crash would (immediate mode) and starts it again; settles once it answers. */
    restart(): Promise<void>;
    pid(): number;
  };
  services: ServiceProcess[];
  /** Ends everything; safe to call twice. */
  stop(): Promise<void>;
}

export interface ServiceProcess {
  service: TemporalService;
  /** Of its service, from 0. */
  index: number;
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** SIGKILL. */
  kill(): void;
  /** Starts it again and settles once it serves; nothing happens when it runs. */
  start(): Promise<void>;
}

/** Starts the cluster, building Temporal first where no build is cached. Settles once its namespace can be used; on failure nothing is left running. */
export function startCluster(_options: ClusterOptions): Promise<Cluster> {
  return Promise.reject(new Error('not built yet'));
}
