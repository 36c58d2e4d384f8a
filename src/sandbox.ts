import { pino } from 'pino';
import { readDocusignEnvironment } from './sandbox/docusign/environment.js';
import { startDocusignSandbox } from './sandbox/docusign/server.js';
import { BadEnvironment, readEnvironment } from './sandbox/environment.js';
import { startSandbox } from './sandbox/server.js';

/**
 * The Atlas sandbox as a process of its own, with the stand-in for DocuSign beside it where that has a port: environment in, a log line each with the URLs,
 * a clean end on SIGTERM or SIGINT.
 */
const log = pino({ name: 'sandbox' });
const atlasOptions = reading(() => readEnvironment(process.env));
const docusignOptions = reading(() => readDocusignEnvironment(process.env));
const sandbox = await startSandbox(atlasOptions).catch(failed);
log.info({ url: sandbox.url, bucketUrl: sandbox.bucketUrl }, 'sandbox is listening');
const docusign = docusignOptions && (await startDocusignSandbox(docusignOptions).catch(failed));
if (docusign) log.info({ docusignUrl: docusign.url }, 'stand-in for DocuSign is listening');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void Promise.all([sandbox.stop(), docusign?.stop()]).then(() => log.info({ signal }, 'sandbox stopped'));
  });
}

function failed(err: unknown): never {
  log.fatal({ err }, 'sandbox could not start');
  process.exit(1);
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BadEnvironment)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
