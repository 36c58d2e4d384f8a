import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CLUSTER, COMPOSE, EXAMPLE_ENV, readCompose, readEnvFile, ROOT } from './compose-file.js';
import { problemsOf, RULES } from './compose-rules.js';

const { set } = readEnvFile(EXAMPLE_ENV);
const base = readCompose(COMPOSE, set);
const cluster = readCompose(COMPOSE, set, CLUSTER);
const PARTS = ['temporal', 'temporal-history', 'temporal-matching', 'temporal-worker'];

describe('deploy/temporal/cluster.yml over docker-compose.yml', () => {
  it.each(Object.entries(RULES))('%s', (_sentence, rule) => {
    expect(problemsOf(cluster, [rule])).toEqual([]);
  });

  it('adds three services and runs two of each of the four', () => {
    const added = Object.keys(cluster.services).filter((name) => !(name in base.services));
    expect(['temporal', ...added].sort()).toEqual(PARTS);
    const parts = PARTS.map((name) => cluster.services[name]);
    expect(parts.map((part) => part?.environment['TEMPORAL_SERVICES'])).toEqual([
      'frontend',
      'history',
      'matching',
      'worker',
    ]);
    for (const part of parts) expect(part?.deploy?.replicas).toBe(2);
    expect(cluster.services['temporal']?.ports).toEqual(['127.0.0.1::7233']);
  });

  it('gives all four the same image, database and shards', () => {
    const { TEMPORAL_BROADCAST_ADDRESS: _own, ...environment } = base.services['temporal']?.environment ?? {};
    for (const name of PARTS) {
      expect(cluster.services[name]?.environment).toMatchObject(environment);
      expect(cluster.services[name]?.image).toBe(base.services['temporal']?.image);
      expect(cluster.services[name]?.networks).toContain('database');
    }
  });

  it('tells each container its address towards the database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-serve-'));
    const stub = async (name: string, says: string): Promise<void> => {
      await writeFile(join(folder, name), `#!/bin/sh\n${says}\n`);
      await chmod(join(folder, name), 0o755);
    };
    const script = join(folder, 'serve.sh');
    const text = await readFile(join(ROOT, 'deploy/temporal/serve.sh'), 'utf8');
    await writeFile(script, text.replace('/etc/temporal/entrypoint.sh', join(folder, 'entrypoint')));
    await stub('getent', "echo '172.20.0.2  postgres postgres'");
    await stub('entrypoint', 'echo "$TEMPORAL_BROADCAST_ADDRESS"');
    const env = { PATH: `${folder}:${process.env['PATH']}`, POSTGRES_SEEDS: 'postgres' };
    const serve = () => promisify(execFile)('/bin/sh', [script], { env });
    try {
      await stub('ip', 'echo "$3 dev eth1  src 172.20.0.7 "');
      expect((await serve()).stdout.trim()).toBe('172.20.0.7');
      await stub('ip', 'true');
      await expect(serve()).rejects.toThrow('no address of this container leads to postgres');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
