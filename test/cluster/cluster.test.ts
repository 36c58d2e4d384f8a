/** A real start, where Temporal has been built on this machine before (`npm run cluster`): CI does not build it. */
import { Connection } from '@temporalio/client';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../cluster/cluster.js';
import { installedPostgres } from '../../cluster/postgres.js';
import { cachedBuild } from '../../cluster/temporal-build.js';

const missing = [
  (await cachedBuild()) === undefined && 'no build of Temporal is cached (npm run cluster makes one)',
  installedPostgres() === undefined && 'no PostgreSQL is installed',
].filter((reason) => reason !== false);
if (missing.length > 0) console.warn(`The cluster is not started: ${missing.join(', ')}.`);

describe.skipIf(missing.length > 0)('a cluster', () => {
  it('has the namespace, answers when a process was killed and PostgreSQL crashed, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-cluster-'));
    const cluster = await startCluster({ folder, each: 1, namespace: 'contracts' });
    const connection = Connection.lazy({
      address: cluster.address,
      channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 500 },
    });
    const retentionDays = async (): Promise<number> => {
      const { config } = await connection.workflowService.describeNamespace({ namespace: cluster.namespace });
      return Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
    };
    const pids = [...cluster.services.map((service) => service.pid()), cluster.postgres.pid()];
    try {
      expect(cluster.services.map(({ service }) => service)).toEqual(['frontend', 'history', 'matching', 'worker']);
      expect(await retentionDays()).toBe(30);
      const [frontend] = cluster.services;
      const before = frontend?.pid();
      frontend?.kill();
      await expect.poll(() => frontend?.pid(), { timeout: 10_000 }).toBeUndefined();
      await cluster.postgres.restart();
      await frontend?.start();
      expect(frontend?.pid()).not.toBe(before);
      await expect.poll(() => retentionDays().catch(() => 0), { timeout: 20_000 }).toBe(30);
    } finally {
      await connection.close();
      pids.push(...cluster.services.map((service) => service.pid()), cluster.postgres.pid());
      await cluster.stop();
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    }
    for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  }, 300_000);
});
