/** A worker for the feeds in a process of its own that ends itself by SIGKILL at a chosen moment. Compiled by `feeds-killed.test.ts`. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createFeedActivities } from '../../src/activities/feeds.js';
import type { DocusignAccount } from '../../src/docusign/account.js';
import { SILENT } from '../../src/docusign/log.js';
import { openDocusignAccount } from '../../src/docusign/open-account.js';
import type { FeedSink } from '../../src/docusign/rows.js';
import type { DocusignSettings } from '../../src/docusign/settings.js';
import { createFileSink } from '../../src/docusign/sinks/file.js';
import { activityInterceptors } from '../../src/temporal/activity-interceptors.js';

export type Moment = 'answered' | 'writing' | 'delivered';

export interface WorkerOrders {
  address: string;
  taskQueue: string;
  bundle: string;
  settings: DocusignSettings;
  sinkPath: string;
  /** The how manieth such moment is the last. */
  killAt: { moment: Moment; nth: number } | null;
}

async function main({ address, taskQueue, bundle, settings, sinkPath, killAt }: WorkerOrders): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  let left = killAt?.nth ?? Infinity;
  const reached = (moment: Moment): void => {
    if (moment === killAt?.moment && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  const real = openDocusignAccount(settings);
  const account: DocusignAccount = {
    ...real,
    async call(call) {
      const answer = await real.call(call);
      reached('answered');
      return answer;
    },
  };
  const file = createFileSink(sinkPath, SILENT);
  const sink: FeedSink = {
    ...file,
    async deliver(feed, entries) {
      const delivering = file.deliver(feed, entries);
      if (left === 1 && killAt?.moment === 'writing') await pause(1);
      reached('writing');
      const delivered = await delivering;
      reached('delivered');
      return delivered;
    },
  };
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath: bundle },
    activities: createFeedActivities({ account, sink, settings, deadLetter: async () => undefined, chunkUsers: 4 }),
    interceptors: { activity: [activityInterceptors] },
    // A workflow that a dead worker had in its cache would wait for it for ten seconds.
    maxCachedWorkflows: 0,
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await sink.close();
  await account.close();
  await connection.close();
}

await main(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as WorkerOrders);
