import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import * as activities from './activities.js';
import { TASK_QUEUE } from './deal.js';
import { setting } from './settings.js';

const connection = await NativeConnection.connect({ address: setting('TEMPORAL_ADDRESS') });
try {
  const worker = await Worker.create({
    connection,
    namespace: process.env.TEMPORAL_NAMESPACE ?? 'default',
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
    activities,
    // As `src/worker.ts`, so that neither has more slots, pollers or room than the other.
    maxCachedWorkflows: 700,
    shutdownGraceTime: '20 seconds',
    shutdownForceTime: '30 seconds',
  });
  await worker.run();
} finally {
  await connection.close();
}
