/** Temporal servers for tests: the paths to give to `@temporalio/testing` as `existing-path`, and a dev server of a test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findExecutable } from '../../src/stack/find-temporal.js';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type RunningProcess } from '../../src/stack/processes.js';
import { DEV_SERVER, TIME_SKIPPING_SERVER } from '../../src/stack/temporal-server-kinds.js';
import { devServerReady, devServerSpec, type DevServerOptions } from '../../src/stack/temporal-server.js';

/** Path of the Temporal CLI; fetched when this machine has none. Always the same answer within a process. */
export function devServerPath(): Promise<string> {
  return (devServer ??= findExecutable(DEV_SERVER).then(({ path }) => path));
}

/** Path of the time-skipping test server; fetched when this machine has none. */
export function timeSkippingServerPath(): Promise<string> {
  return (timeSkippingServer ??= findExecutable(TIME_SKIPPING_SERVER).then(({ path }) => path));
}

let devServer: Promise<string> | undefined;
let timeSkippingServer: Promise<string> | undefined;

export interface StartedDevServer {
  address: string;
  port: number;
  /** Holds its database: `temporal.db` and what SQLite keeps beside it. */
  folder: string;
  /** SIGKILL, then the same server again on the same port and data. */
  crash(): Promise<void>;
  /** SIGKILL; `comeBack` starts it again on the same port and data. */
  kill(): Promise<void>;
  comeBack(): Promise<void>;
  /** Ends the server and removes its data; safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a dev server with the deal's search attributes on a free port, its data in a temporary file. The caller stops it. */
export async function startDevServer(
  options: Pick<DevServerOptions, 'fair' | 'partitions' | 'uiPort'> = {},
): Promise<StartedDevServer> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-temporal-'));
  const processes = new Processes(folder, 5000);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const spec = devServerSpec({
    executable: await devServerPath(),
    port,
    dbFilename: join(folder, 'temporal.db'),
    cwd: folder,
    ...options,
  });

  const start = async (): Promise<RunningProcess> => {
    const server = await processes.start(spec);
    await devServerReady(address, AbortSignal.timeout(30_000));
    return server;
  };
  const stop = async (): Promise<void> => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    let server = await start();
    const kill = async (): Promise<void> => {
      server.signal('SIGKILL');
      await server.ended;
    };
    const comeBack = async (): Promise<void> => void (server = await start());
    const crash = async (): Promise<void> => {
      await kill();
      await comeBack();
    };
    return { address, port, folder, crash, kill, comeBack, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
