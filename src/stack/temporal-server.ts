import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../deal/search-attributes.js';
import type { ProcessSpec } from './processes.js';

const LOOPBACK = '127.0.0.1';
// The dev server forgets closed runs after 24 hours; with them goes the refusal to start the same deal again.
const RETENTION = '30 days';
const CLI_TYPES = { KEYWORD: 'Keyword', DATETIME: 'Datetime' } as const;

export interface DevServerOptions {
  /** Path of the Temporal CLI. */
  executable: string;
  port: number;
  /** Port of the web UI; none without it. */
  uiPort?: number;
  /** SQLite file that outlives the server; without it all is kept in memory. */
  dbFilename?: string;
  cwd: string;
  /** False: tenants wait in one line, first come, first served. */
  fair?: boolean;
  /** In how many parts Temporal keeps each queue; its own number by default. Turns are taken within a part. */
  partitions?: number;
}

/** How to run a dev server that knows the deal's search attributes. A server started again on the same file goes on where it was. */
export function devServerSpec(options: DevServerOptions): ProcessSpec {
  const { executable, port, uiPort, dbFilename, cwd, fair = true, partitions } = options;
  const args = ['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port), '--log-level', 'warn'];
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  if (dbFilename !== undefined) {
    // Nearly twice the throughput of the file's defaults.
    args.push('--db-filename', dbFilename);
    args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL');
  }
  for (const way of partitions === undefined ? [] : ['Read', 'Write'])
    args.push('--dynamic-config-value', `matching.numTaskqueue${way}Partitions=${partitions}`);
  if (fair) args.push('--dynamic-config-value', 'matching.enableFairness=true');
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
    args.push('--search-attribute', `${name}=${CLI_TYPES[type]}`);
  }
  return { name: 'temporal', command: executable, args, env: process.env, cwd };
}

/** Settles once the dev server at this address serves its `default` namespace, with its retention raised to 30 days. Rejects when `signal` is aborted. */
export async function devServerReady(address: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await raiseRetention(address);
    } catch {
      await wait(100);
    }
  }
}

async function raiseRetention(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 });
  try {
    await connection.withDeadline(Date.now() + 5000, () =>
      connection.workflowService.updateNamespace({
        namespace: 'default',
        config: { workflowExecutionRetentionTtl: msToTs(RETENTION) },
      }),
    );
  } finally {
    await connection.close();
  }
}
