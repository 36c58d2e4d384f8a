/**
 * Loaded before a worker (`node --import`): gives it the options in BENCH_WORKER_OPTIONS, so that the product needs no switch for what only
 * a comparison wants.
 */
import { Worker, type WorkerOptions } from '@temporalio/worker';

const options = JSON.parse(process.env.BENCH_WORKER_OPTIONS ?? '{}') as Partial<WorkerOptions>;
const create = Worker.create.bind(Worker);
Worker.create = (given) => create({ ...given, ...options });
