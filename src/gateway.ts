/** `npm run gateway`: the door for the CRM, for Atlas's events and for the people who steer deals. */
import { setTimeout as pause } from 'node:timers/promises';
import { collectDefaultMetrics } from 'prom-client';
import { readGatewaySettings, SettingsError } from './config.js';
import { openDocusignAccount } from './docusign/open-account.js';
import { createGateway } from './gateway/app.js';
import { createDrain } from './gateway/drain.js';
import { createMetrics } from './gateway/observe.js';
import { gaugeOpenDeals } from './gateway/open-deals.js';
import { reviewPages } from './gateway/review-page.js';
import { createTemporalDeals } from './gateway/temporal-deals.js';
import { createAtlasClient } from './signing/atlas/client.js';
import { createAtlasProvider } from './signing/atlas/provider.js';
import { createDocusignProvider } from './signing/docusign/provider.js';
import { openTemporal } from './temporal/connection.js';
import { createEncryption } from './temporal/encryption.js';
import { createLogger } from './temporal/logging.js';
import { warnOfPlainPayloads } from './temporal/plain-payloads.js';

/** Longer than any call to Temporal may take. */
const LAST_REQUESTS_MS = 12_000;

/** Somebody waits for the answer, and tries again. */
const ATLAS_PATIENCE = { connectMs: 5_000, headersMs: 10_000, bodyMs: 10_000, callMs: 10_000 };

const logger = createLogger('gateway');

async function main(): Promise<void> {
  const { temporal, taskQueue, host, port, atlas, docusign, temporalUiUrl, ...settings } = readGatewaySettings(
    process.env,
    logger,
  );
  const tracing = settings.tracing && (await import('./tracing/open.js')).openTracing(settings.tracing, logger);
  const client = openTemporal(temporal, tracing?.client);
  const deals = createTemporalDeals(client, { namespace: temporal.namespace, taskQueue });
  const provider = createAtlasProvider(createAtlasClient({ ...atlas, timeouts: ATLAS_PATIENCE }));
  const account = docusign && openDocusignAccount(docusign, { log: logger });
  const signing = {
    atlas: provider,
    ...(account && {
      docusign: createDocusignProvider(account, {
        ...reviewPages(settings.publicUrl),
        callMs: ATLAS_PATIENCE.callMs,
        lookAgainMs: [1_000],
      }),
    }),
  };
  const connectKeys = docusign?.connectKeys ?? null;
  const metrics = createMetrics();
  collectDefaultMetrics({ register: metrics.registry });
  gaugeOpenDeals(metrics.registry, deals);
  const temporalUi = temporalUiUrl === null ? null : { url: temporalUiUrl, namespace: temporal.namespace };
  const drain = createDrain();
  const { payloadKeys = [] } = temporal;
  const payloadCodec = payloadKeys.length > 0 ? createEncryption(payloadKeys) : null;
  const parts = { deals, signing, connectKeys, logger, metrics, temporalUi, payloadCodec, drain };
  const app = createGateway({ ...settings, ...parts });
  tracing?.watch(app);

  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    drain.begin();
    // A person at the terminal has no load balancer.
    const drainMs = signal === 'SIGINT' ? 0 : settings.drainMs;
    logger.info({ signal, drainMs }, 'gateway stops');
    setTimeout(() => process.exit(1), drainMs + LAST_REQUESTS_MS).unref();
    await pause(drainMs);
    await app.close();
    await Promise.allSettled([client.connection.close(), provider.close(), account?.close(), tracing?.close()]);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));

  if (!settings.tokens && !settings.oidc)
    logger.warn('GATEWAY_TOKENS is not set: every direct call from this machine acts as an operator');
  warnOfPlainPayloads(payloadKeys, logger);
  await app.listen({ host, port });
}

try {
  await main();
} catch (error) {
  if (error instanceof SettingsError) process.stderr.write(`${error.message}\n`);
  else logger.fatal({ err: error }, 'the gateway cannot run');
  process.exit(1);
}
