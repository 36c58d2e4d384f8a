/** What each process of the image reads and listens on, asked of the processes' own settings readers. */
import { CRM_DRIVERS } from '../../src/crm/drivers.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGatewaySettings, readSetupSettings, readWorkerSettings, type Environment } from '../../src/config.js';
import { readEnvironment } from '../../src/sandbox/environment.js';
import { ROOT, type Service } from './compose-file.js';

export const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

interface Process {
  /** Throws when the settings cannot be used. */
  read(env: Environment): unknown;
  ports(env: Environment): number[];
  /** Folders that it writes to. */
  writes(env: Environment): string[];
}

export const PROCESSES: Readonly<Record<string, Process>> = {
  'dist/setup.js': { read: readSetupSettings, ports: () => [], writes: () => [] },
  'dist/worker.js': {
    read: readWorkerSettings,
    ports: (env) => {
      const { metricsPort, healthPort } = readWorkerSettings(env);
      return [metricsPort, healthPort];
    },
    writes: (env) => {
      const { store } = readWorkerSettings(env).documents;
      return store.kind === 'file' ? [store.folder] : [];
    },
  },
  'dist/gateway.js': { read: readGatewaySettings, ports: (env) => [readGatewaySettings(env).port], writes: () => [] },
  'dist/sandbox.js': {
    read: readEnvironment,
    ports: (env) => {
      const { port, bucketPort } = readEnvironment(env);
      return [port ?? 0, bucketPort ?? 0];
    },
    writes: (env) => [readEnvironment(env).data ?? ''],
  },
};

export const isOurs = (service: Service): boolean => service.build !== undefined;

/** The file that a service of ours runs: `dist/worker.js`. */
export const scriptOf = (service: Service): string => service.command[1] ?? '';

export function processOf(service: Service): Process | undefined {
  return service.command[0] === 'node' ? PROCESSES[scriptOf(service)] : undefined;
}

/** The names that a process asks its environment for, those of Temporal's own settings aside. */
export function namesReadBy(process: Process): Set<string> {
  const names = new Set<string>();
  // Which CRM is chosen decides what else is read.
  for (const { name: crm } of CRM_DRIVERS) {
    const watched: Environment = new Proxy(
      {},
      {
        get(_target, name) {
          names.add(String(name));
          if (name === 'CRM') return crm;
          // One of DocuSign's has all of them read.
          return name === 'DOCUSIGN_ENV' ? 'developer' : undefined;
        },
      },
    );
    try {
      process.read(watched);
    } catch {
      // An empty environment may lack what is required; what was asked for is known all the same.
    }
  }
  return names;
}

/** The environment of a process of ours: the image's variables below the service's own, mounted files at their place on this machine. */
export function environmentOf(service: Service): Environment {
  const env: Record<string, string> = {};
  for (const [, name = '', value = ''] of DOCKERFILE.matchAll(/^ENV (\w+)=(\S+)$/gm)) env[name] = value;
  const files = mountsOf(service).filter(({ source }) => source.startsWith('.'));
  for (const [name, value] of Object.entries(service.environment)) {
    const file = files.find(({ target }) => target === value);
    env[name] = file ? join(ROOT, file.source) : value;
  }
  return env;
}

export interface Mount {
  source: string;
  target: string;
  writable: boolean;
}

export function mountsOf(service: Service): Mount[] {
  return service.volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':');
    return { source, target, writable: mode !== 'ro' };
  });
}
