import { describe, expect, it } from 'vitest';
import { COMPOSE, EXAMPLE_ENV, interpolate, readCompose, readEnvFile } from './compose-file.js';
import { problemsOf } from './compose-rules.js';

const example = readEnvFile(EXAMPLE_ENV);

describe('a broken docker-compose.yml', () => {
  /** [what was broken, the text that is there, what stands there instead, what is told of it] */
  const BREAKAGES: [string, string | RegExp, string, string | RegExp][] = [
    [
      'an image without a version',
      'postgres:16.15',
      'postgres:latest',
      'postgres: image postgres:latest is not pinned',
    ],
    ['a misspelt variable', '      ATLAS_BASE_URL:', '      ATLAS_BASE_URI:', 'worker: sets ATLAS_BASE_URI'],
    ['a variable of another process', 'SANDBOX_DATA:', 'DOCUMENT_ROOT:', 'sandbox: sets DOCUMENT_ROOT'],
    [
      'a value that is refused',
      "METRICS_PORT: '9464'",
      "METRICS_PORT: 'many'",
      'worker: has settings that it refuses: METRICS_PORT',
    ],
    [
      'a port nobody listens on',
      ':-8080}:8080',
      ':-8080}:8000',
      'gateway: publishes 127.0.0.1:8080:8000, but does not listen on 8000',
    ],
    [
      'a process moved to another port',
      "PORT: '8080'\n    volumes",
      "PORT: '8085'\n    volumes",
      'gateway: asks for its health on 8080',
    ],
    [
      'a port for all the world',
      "'127.0.0.1:${HOST_PORT_UI",
      "'0.0.0.0:${HOST_PORT_UI",
      'temporal-ui: publishes 0.0.0.0:8233:8080 beyond 127.0.0.1',
    ],
    ['a port without an address', '127.0.0.1::9464', '9464', 'worker: publishes 9464 beyond 127.0.0.1'],
    [
      'a healthcheck elsewhere',
      '127.0.0.1:9465/readyz',
      '127.0.0.1:9466/readyz',
      'worker: asks for its health on 9466',
    ],
    [
      'a gateway that hears itself only',
      'HOST: 0.0.0.0\n      PORT:',
      'HOST: 127.0.0.1\n      PORT:',
      'gateway: must listen on HOST 0.0.0.0',
    ],
    [
      'an unknown host',
      'TEMPORAL_ADDRESS: temporal:7233\n  TEMPORAL_NAMESPACE',
      'TEMPORAL_ADDRESS: temporel:7233\n  TEMPORAL_NAMESPACE',
      'gateway: TEMPORAL_ADDRESS leads to temporel',
    ],
    [
      'a worker without the database',
      /networks: \[default, database\]\n {4}healthcheck:\n {6}test: \[CMD, node/,
      'networks: [default]\n    healthcheck:\n      test: [CMD, node',
      'worker: DATABASE_URL leads to postgres, but no network does',
    ],
    [
      'a need for nothing',
      'temporal-schema: { condition',
      'temporal-tables: { condition',
      'temporal: depends on temporal-tables, which does not exist',
    ],
    [
      'a wait without an end',
      'setup: { condition: service_completed_successfully }',
      'gateway: { condition: service_completed_successfully }',
      'worker: waits for the end of gateway',
    ],
    [
      'a wait for no health',
      'temporal-schema: { condition: service_completed_successfully }',
      'temporal-schema: { condition: service_healthy }',
      'temporal: waits for the health of temporal-schema',
    ],
    [
      'a need for the demo',
      'setup: { condition: service_completed_successfully }',
      'sandbox: { condition: service_healthy }',
      'worker: depends on sandbox, which runs with the profile demo only',
    ],
    [
      'a volume nobody declared',
      'documents:/data/documents',
      'papers:/data/documents',
      'worker: mounts the volume papers',
    ],
    [
      'a network nobody declared',
      'networks: [database]',
      'networks: [databases]',
      'postgres: is on the network databases',
    ],
    [
      'a file that is not there',
      './deploy/postgres/databases.sql',
      './deploy/postgres/tables.sql',
      'postgres: needs ./deploy/postgres/tables.sql',
    ],
    ['a process that is not there', 'dist/worker.js', 'dist/workers.js', 'worker: needs src/workers.ts'],
    [
      'a script that is not mounted',
      '/deploy/schema.sh:ro',
      '/deploy/tables.sh:ro',
      'temporal-schema: runs /deploy/schema.sh',
    ],
    ['a file system to write to', 'read_only: true', 'read_only: false', 'worker: may write to its root file system'],
    [
      'documents that are lost',
      'DOCUMENT_STORE: ${DOCUMENT_STORE:-file:/data/documents}',
      'DOCUMENT_STORE: file:/data/signed',
      'worker: writes to /data/signed',
    ],
    [
      'root',
      '    command: [node, dist/gateway.js]',
      '    command: [node, dist/gateway.js]\n    user: root',
      'gateway: runs as root',
    ],
    ['a hasty stop', 'stop_grace_period: 45s', 'stop_grace_period: 15s', 'worker: is killed after 15s'],
    [
      'a service without health',
      /\n {4}healthcheck:\n {6}test: \[CMD, node, deploy\/healthcheck.mjs, 'http:\/\/127.0.0.1:8090[\s\S]*?start_period: 30s/,
      '',
      'sandbox: runs on and on without a healthcheck',
    ],
  ];

  it.each(BREAKAGES)('with %s is found out', (_what, there, instead, told) => {
    const text = COMPOSE.replace(there, () => instead);
    expect(text).not.toBe(COMPOSE);
    expect(problemsOf(readCompose(text, example.set))).toContainEqual(expect.stringMatching(told));
  });

  it.each([
    ['a misspelt key', '    stop_grace_period: 45s', '    stop_grace_time: 45s', '/services/worker'],
    ['a bad dependency', 'condition: service_healthy', 'condition: service_ready', '/depends_on/postgres'],
    ['a service that is none', '  gateway:\n', '  gateway: nothing\n  gateway2:\n', '/services/gateway'],
  ])('with %s breaks the Compose Specification', (_what, there, instead, told) => {
    const text = COMPOSE.replace(there, instead);
    expect(text).not.toBe(COMPOSE);
    expect(() => readCompose(text, example.set)).toThrow(told);
  });

  it('with a variable that has neither value nor default is found out', () => {
    expect(() => interpolate({ key: ['${NOWHERE}'] }, {})).toThrow('NOWHERE has neither a value nor a default');
    expect(() => interpolate('$NOWHERE', {})).toThrow('has a $ that starts no variable');
    expect(interpolate('$${KEPT} ${EMPTY:-default} ${SET:?needed}', { EMPTY: '', SET: 'set' })).toBe(
      '${KEPT} default set',
    );
  });
});
