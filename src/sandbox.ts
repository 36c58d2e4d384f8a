import { pino } from 'pino';
import { BadEnvironment, readEnvironment } from './sandbox/environment.js';
import { startSandbox, type SandboxOptions } from './sandbox/server.js';

/** The Atlas sandbox as a process of its own: environment in, one log line with its URLs, a clean end on SIGTERM or SIGINT. */
const log = pino({ name: 'sandbox' });
const sandbox = await startSandbox(environment()).catch((err: unknown) => {
  log.fatal({ err }, 'sandbox could not start');
  process.exit(1);
});
log.info({ url: sandbox.url, bucketUrl: sandbox.bucketUrl }, 'sandbox is listening');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void sandbox.stop().then(() => log.info({ signal }, 'sandbox stopped'));
  });
}

function environment(): SandboxOptions {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    if (!(error instanceof BadEnvironment)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
