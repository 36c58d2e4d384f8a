/** `npm run worker`: takes the deals' steps from Temporal and carries them out. */
import {
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerDeploymentOptions,
} from '@temporalio/worker';
import { createActivities } from './activities/index.js';
import { createFeedActivities, type FeedDeps } from './activities/feeds.js';
import { readDatabaseSettings, readWorkerSettings, SettingsError } from './config.js';
import { openDatabase } from './crm/database.js';
import { createDocumentSource } from './documents/source.js';
import { openDocumentStore } from './documents/store.js';
import type { DocusignAccount } from './docusign/account.js';
import { createDeadLetters } from './docusign/dead-letters.js';
import { openDocusignAccount } from './docusign/open-account.js';
import type { DocusignSettings } from './docusign/settings.js';
import { openSink } from './docusign/sinks/open.js';
import { createDealDoor } from './gateway/deal-door.js';
import { DealsUnavailable, type Deals } from './gateway/deals.js';
import { createDesk } from './gateway/desk.js';
import type { Caller } from './gateway/identity.js';
import { reviewPages } from './gateway/review-page.js';
import { createTemporalDeals } from './gateway/temporal-deals.js';
import { askedSeldom, NotReady } from './health/readiness.js';
import { serveHealth, type HealthServer } from './health/server.js';
import { createAtlasClient } from './signing/atlas/client.js';
import { createAtlasProvider } from './signing/atlas/provider.js';
import { createDocusignProvider } from './signing/docusign/provider.js';
import { openTemporal } from './temporal/connection.js';
import { warnOfPlainPayloads } from './temporal/plain-payloads.js';
import { workflowBundle } from './temporal/workflow-bundle.js';
import { activityInterceptors } from './temporal/activity-interceptors.js';
import { createTemporalLedger } from './temporal/ledger.js';
import { createLogger, temporalLogger } from './temporal/logging.js';
import { idleReason } from './temporal/worker-readiness.js';

const logger = createLogger('worker');

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
/** A contract takes minutes to weeks, a webhook milliseconds to minutes. */
const DURATION_BUCKETS = {
  countersign_start_to_filed_seconds: [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    4 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
  ],
  countersign_review_seconds: [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
  ],
  countersign_webhook_to_change_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, MINUTE, 5 * MINUTE],
};

/** What the CRM's records ask for is done in the CRM's name. */
const CRM_CALLER: Caller = { role: 'operator', name: 'crm', named: true };

async function main(): Promise<void> {
  const settings = readWorkerSettings(process.env, logger);
  Runtime.install({
    logger: temporalLogger(logger),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
      metrics: {
        prometheus: {
          bindAddress: `${settings.metricsHost}:${settings.metricsPort}`,
          histogramBucketOverrides: DURATION_BUCKETS,
        },
      },
    },
  });

  const { payloadKeys = [] } = settings.temporal;
  warnOfPlainPayloads(payloadKeys, logger);
  const store = await openDocumentStore(settings.documents.store, settings.documents.s3);
  const documents = createDocumentSource(settings.documents);
  const provider = createAtlasProvider(createAtlasClient(settings.atlas));
  const account = settings.docusign && openDocusignAccount(settings.docusign, { log: logger });
  const docusign = account && createDocusignProvider(account, reviewPages(settings.publicUrl));
  const feeds = account && (await openFeeds(settings.docusign, account));
  const { crm, intake } = await settings.crm.open();
  const tracing = settings.tracing && (await import('./tracing/open.js')).openTracing(settings.tracing, logger);
  const temporal = openTemporal(settings.temporal, tracing?.client);
  const ledger = createTemporalLedger(temporal.client, settings.taskQueue);
  const deals = createTemporalDeals(temporal, {
    namespace: settings.temporal.namespace,
    taskQueue: settings.taskQueue,
  });
  const desk = createDesk(
    { deals, signing: { atlas: provider, ...(docusign && { docusign }) }, policies: settings.policies },
    CRM_CALLER,
  );
  let worker: Worker | undefined;
  const ready = askedSeldom(() => checkWorker(worker, deals));
  let health: HealthServer | undefined;
  try {
    health = await serveHealth(settings.metricsHost, settings.healthPort, ready);
    await Promise.all([crm.check(), store.check()]);

    const { id: buildId, deployment } = settings.build;
    logger.info({ buildId, deployment: deployment?.name ?? null }, 'worker starts');
    tellBuild(buildId);
    const connection = await NativeConnection.connect(settings.temporal.connectionOptions);
    try {
      worker = await Worker.create({
        connection,
        namespace: settings.temporal.namespace,
        taskQueue: settings.taskQueue,
        workflowBundle: await workflowBundle({
          versioned: deployment !== null,
          traced: tracing !== null,
          encrypted: payloadKeys.length > 0,
        }),
        ...(deployment && { workerDeploymentOptions: versionedAs(deployment) }),
        dataConverter: temporal.dataConverter,
        activities: {
          ...createFeedActivities(feeds),
          ...createActivities({
            ...{ documents, store, crm, intake, ledger },
            signing: {
              atlas: { provider, webhookUrl: `${settings.publicUrl}/webhooks/atlas` },
              ...(docusign && {
                docusign: { provider: docusign, webhookUrl: `${settings.publicUrl}/webhooks/docusign` },
              }),
            },
            door: createDealDoor(desk),
            creditBudget: settings.creditBudget,
          }),
        },
        interceptors: { activity: [...(tracing ? [tracing.activity] : []), activityInterceptors] },
        ...(tracing && { sinks: tracing.sinks }),
        // What a deal in the cache costs and what one beyond it: docs/performance.md.
        maxCachedWorkflows: settings.maxCachedWorkflows,
        // On SIGTERM running activities may end; what does not make it is retried by another worker.
        shutdownGraceTime: '20 seconds',
        shutdownForceTime: '30 seconds',
      });
      await worker.run();
    } finally {
      await connection.close();
    }
  } finally {
    await Promise.allSettled([
      crm.close(),
      provider.close(),
      feeds?.sink.close(),
      account?.close(),
      documents.close(),
      temporal.connection.close(),
      health?.close(),
      tracing?.close(),
    ]);
  }
}

/** Ready is a worker that asks for work, of a Temporal that answers and has what deals need. */
async function checkWorker(worker: Worker | undefined, deals: Deals): Promise<void> {
  const idle = idleReason(worker?.getStatus());
  if (idle) throw new NotReady(idle.part, idle.why);
  try {
    await deals.check();
  } catch (error) {
    if (error instanceof DealsUnavailable) throw new NotReady('temporal', error.message);
    throw error;
  }
}

/** Each workflow declares for itself whether it stays with its build: src/workflows/versioned.ts. */
const versionedAs = ({ name, buildId }: { name: string; buildId: string }): WorkerDeploymentOptions => ({
  version: { deploymentName: name, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'PINNED',
});

/** Which builds run beside each other during a deploy, for the dashboard. */
function tellBuild(buildId: string | null): void {
  const gauge = Runtime.instance().metricMeter.createGauge('countersign_build_info', 'int', undefined, 'Always 1');
  gauge.set(1, { build_id: buildId ?? 'unknown' });
}

/** Null where no feed is to be read. Rows that cannot be delivered wait at DocuSign: the sink need not answer now. */
async function openFeeds(settings: DocusignSettings | null, account: DocusignAccount): Promise<FeedDeps | null> {
  if (!settings || settings.feeds.length === 0) return null;
  const { folder } = settings;
  const sink = await openSink(settings.sink, {
    ...{ folder, log: logger },
    database: () => openDatabase(readDatabaseSettings(process.env)),
  });
  return { account, sink, settings, deadLetter: createDeadLetters(folder, logger) };
}

try {
  await main();
} catch (error) {
  if (error instanceof SettingsError) process.stderr.write(`${error.message}\n`);
  else logger.fatal({ err: error }, 'the worker cannot run');
  process.exitCode = 1;
}
