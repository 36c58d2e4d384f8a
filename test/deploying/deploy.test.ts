/**
 * Fifty deals stand in every stage while new versions of the workflow are deployed: each ends on the version it began with, new ones begin
 * on the new one, and where the old version goes away the deals are moved and end all the same. The commands are those of docs/deploying.md.
 */
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerIdOf } from '../../src/deal/ledger.js';
import { createTemporalLedger } from '../../src/temporal/ledger.js';
import { BUNDLE } from '../support/global-setup.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { buildOf, commandLine, DEPLOYMENT, eventually, QUEUE, startWorker, type RunningWorker } from './deployment.js';
import { bundleReleases, type Releases } from './releases.js';
import { aParking, PLACES, type ParkedDeal, type Parking } from './parked-deals.js';

const DEALS = Number(process.env.DEPLOY_DEALS ?? 14);

let server: StartedDevServer;
let connection: Connection;
let native: NativeConnection;
let client: Client;
let temporal: (command: string) => Promise<string>;
let parking: Parking;
let releases: Releases;
const workers: Record<string, RunningWorker> = {};
const parked: ParkedDeal[] = [];
const ended: ParkedDeal[] = [];

async function deploy(buildId: string, code: string): Promise<void> {
  workers[buildId] = await startWorker(native, parking.world, code, buildId);
  await eventually(() =>
    temporal(`worker deployment describe-version --deployment-name ${DEPLOYMENT} --build-id ${buildId}`),
  );
}

async function makeCurrent(buildId: string): Promise<void> {
  await eventually(() =>
    temporal(`worker deployment set-current-version --deployment-name ${DEPLOYMENT} --build-id ${buildId} --yes`),
  );
  // The parts of the queue hear of it one after the other.
  await eventually(async () => {
    const deployment = { namespace: 'default', deploymentName: DEPLOYMENT };
    const { workerDeploymentInfo: info } = await connection.workflowService.describeWorkerDeployment(deployment);
    expect(info?.routingConfig?.currentDeploymentVersion?.buildId).toBe(buildId);
    expect(info?.routingConfigUpdateState).toBe(ROUTED);
  });
}

/** `ROUTING_CONFIG_UPDATE_STATE_COMPLETED` of Temporal's API. */
const ROUTED = 2;

/** Runs `work` for each, a few at a time: fifty deals that are all watched at once keep the machine from carrying them on. */
async function someAtOnce<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const takeSome = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: 10 }, takeSome));
  return results;
}

/** To their end. */
async function finish(deals: readonly ParkedDeal[]): Promise<void> {
  const results = await someAtOnce(deals, (deal) => deal.finish());
  expect(results.map(({ outcome }) => outcome)).toEqual(deals.map(() => 'completed'));
  ended.push(...deals);
}

const buildsOf = async (deals: readonly ParkedDeal[]) =>
  new Set(await Promise.all(deals.map(({ handle }) => buildOf(client, handle.workflowId))));

beforeAll(async () => {
  // A version that does not fit says so at every try; that is what is tested here.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
  [server, releases] = await Promise.all([startDevServer(), bundleReleases()]);
  temporal = commandLine(server.address);
  connection = await Connection.connect({ address: server.address });
  native = await NativeConnection.connect({ address: server.address });
  client = new Client({ connection });
  parking = aParking(client, await aSignedPdf());
});
afterAll(async () => {
  await Promise.all(Object.values(workers).map((worker) => worker.stop()));
  await Promise.all([connection.close(), native.close()]);
  await server.stop();
});

describe('a deploy with deals in every stage', () => {
  it('takes over the deals of workers without versions when versions are turned on', async () => {
    workers.unversioned = await startWorker(native, parking.world, await readFile(BUNDLE, 'utf8'), null);
    const early = await Promise.all(PLACES.map((place, index) => parking.park(`early-${index}`, place)));
    expect(await buildsOf(early)).toEqual(new Set([null]));

    await deploy('one', releases.first);
    await makeCurrent('one');
    await workers.unversioned.stop();
    await finish(early);
    expect(await buildsOf(early)).toEqual(new Set(['one']));
  }, 180_000);

  it('leaves each deal on the version it began with; new deals and the ledger go with the new one', async () => {
    const ledger = createTemporalLedger(client, QUEUE);
    await ledger.vouch('tmpl_1@v1');
    const places = Array.from({ length: DEALS }, (_, index) => PLACES[index % PLACES.length] ?? 'in-review');
    parked.push(...(await someAtOnce(places, (place, index) => parking.park(`d${index}`, place))));
    expect(await buildsOf(parked)).toEqual(new Set(['one']));

    await deploy('two', releases.patched);
    await makeCurrent('two');
    const [fresh] = await Promise.all([parking.park('new', 'in-review'), finish(parked.splice(0, DEALS / 2))]);
    expect(await buildOf(client, fresh.handle.workflowId)).toBe('two');
    await ledger.vouch('tmpl_1@v2');
    expect(await buildOf(client, ledgerIdOf(QUEUE))).toBe('two');
    expect(await buildsOf(ended.slice(-DEALS / 2))).toEqual(new Set(['one']));
    await finish([fresh]);
    expect((await fresh.handle.describe()).memo).toMatchObject({ version: 2 });
  }, 180_000);

  it('stops a deal that is moved to a version without the patch, and loses nothing: taken back it goes on', async () => {
    await deploy('careless', releases.careless);
    const deal = parked.find(({ place }) => place === 'out-for-signature');
    if (!deal) throw new Error('no deal is out for signature');
    const { workflowId } = deal.handle;
    const override = `workflow update-options --workflow-id ${workflowId} --versioning-override-behavior`;
    const to = `--versioning-override-deployment-name ${DEPLOYMENT} --versioning-override-build-id careless`;
    await temporal(`${override} pinned ${to}`);
    await deal.handle.signal('remind', { by: 'otto' });
    const failure = await eventually(async () => {
      const { events } = await deal.handle.fetchHistory();
      const failed = events?.find((event) => event.workflowTaskFailedEventAttributes);
      if (!failed) throw new Error('no workflow task has failed');
      return failed.workflowTaskFailedEventAttributes?.failure?.message ?? '';
    });
    expect(failure).toMatch(/TMPRL1100|nondeterminism/i);
    expect((await deal.handle.describe()).status.name).toBe('RUNNING');

    await temporal(`${override} unspecified`);
    await finish([deal]);
    expect(await buildOf(client, workflowId)).toBe('one');
    parked.splice(parked.indexOf(deal), 1);
  }, 180_000);

  it('ends the deals of a version that is gone on the next one, once they are moved there', async () => {
    await workers.one?.stop();
    await eventually(async () => {
      const { count } = await client.workflow.count(
        `TemporalWorkerDeploymentVersion = '${DEPLOYMENT}:one' AND ExecutionStatus = 'Running'`,
      );
      expect(count).toBe(parked.length);
    });
    await temporal(
      `workflow update-options --query "TemporalWorkerDeploymentVersion = '${DEPLOYMENT}:one' AND ExecutionStatus = 'Running'"
       --versioning-override-behavior auto_upgrade --yes`,
    );
    await eventually(async () => {
      for (const { handle } of parked) {
        const { raw } = await handle.describe();
        expect(raw.workflowExecutionInfo?.versioningInfo?.versioningOverride).toBeTruthy();
      }
    });
    await finish(parked);
    expect(await buildsOf(parked)).toEqual(new Set(['two']));
  }, 180_000);

  it('has sent, filed and recorded nothing twice', () => {
    const { world } = parking;
    expect(ended).toHaveLength(DEALS + PLACES.length + 1);
    expect(ended.map((deal) => deal.envelopes().map(({ sends, status }) => ({ sends, status })))).toEqual(
      ended.map(() => [{ sends: 1, status: 'signed' }]),
    );
    expect(world.envelopes).toHaveLength(ended.length);
    expect(world.files.size).toBe(ended.length);
    expect(world.attachments).toHaveLength(ended.length);
  });
});
