/** Arguments of `startWorker` for a worker with other options than the product gives it. */
import type { WorkerOptions } from '@temporalio/worker';

const PRELOAD = new URL('./tuned-worker.js', import.meta.url).href;

export function tunedWith(options: Partial<WorkerOptions>): [nodeOptions: string[], env: NodeJS.ProcessEnv] {
  return [['--import', PRELOAD], { BENCH_WORKER_OPTIONS: JSON.stringify(options) }];
}
