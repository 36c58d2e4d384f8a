/** The feeds on Temporal's own server, with the file sink: cut off at every moment, they lose nothing and repeat nothing there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFeedActivities } from '../../src/activities/feeds.js';
import type { FeedPace, ScheduledFeed } from '../../src/deal/feeds.js';
import type { DocusignAccount } from '../../src/docusign/account.js';
import { SILENT } from '../../src/docusign/log.js';
import { openDocusignAccount } from '../../src/docusign/open-account.js';
import { SinkError, type FeedRow, type FeedSink } from '../../src/docusign/rows.js';
import { createFileSink } from '../../src/docusign/sinks/file.js';
import { activityInterceptors } from '../../src/temporal/activity-interceptors.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { ensureFeedSchedules } from '../../src/temporal/feed-schedules.js';
import { BUNDLE } from '../support/global-setup.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aFeedWorld, type FeedWorld } from './feed-world.js';
import type { WorkerOrders } from './feed-worker.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACE: FeedPace = { everyMs: 1000, betweenMs: 0, patienceMs: 20, silenceMs: 1000 };
const FEEDS: ScheduledFeed[] = ['customer-events', 'audit-users'];
const PACES = { 'customer-events': PACE, 'audit-users': PACE };
/** Each for feeds of its own, side by side: a try is repeated after a second or so, whatever the pace. */
const SEEDS = [1, 2, 3, 4, 5];
const CUTS_A_FEED = 5;
const POLL = { timeout: 25_000, interval: 200 };

let server: StartedDevServer;
let temporal: TemporalClient;
let world: FeedWorld;
let sinkPath: string;
let compiled: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  [server, world] = await Promise.all([startDevServer(), aFeedWorld()]);
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  sinkPath = join(world.folder, 'events.ndjson');
  await world.control('POST', '/monitor/settings', { page_rows: 10 });
  await world.control('POST', '/users/settings', { most: 10 });
});

afterAll(async () => {
  await temporal.connection.close();
  await server.stop();
  await world.stop();
  if (compiled) rmSync(compiled, { recursive: true, force: true });
});

/** Names of what the stand-in has: one of each must come to the sink. */
async function wanted(): Promise<string[]> {
  const { rows } = (await world.control('GET', '/monitor')) as { rows: { eventId: string }[] };
  const { users } = (await world.control('GET', '/users')) as { users: { admin: { id: string } }[] };
  return [...rows.map(({ eventId }) => eventId), ...users.map(({ admin }) => admin.id)].sort();
}

async function atTheSink(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').slice(0, -1);
  const rows = lines.map((line) => JSON.parse(line) as FeedRow & { event?: FeedRow });
  return rows.map((row) => String(row.eventId ?? row.id)).sort();
}

const MOMENTS = ['answered', 'half', 'delivered'] as const;
type Moment = (typeof MOMENTS)[number];

/** The moments of the next cuts, in turn. */
function planned(from: number): Moment[] {
  return Array.from({ length: CUTS_A_FEED }, (_, index) => MOMENTS[(from + index) % MOMENTS.length] ?? 'half');
}

/** Feeds of their own, at a sink of their own, that are cut off again and again by errors at every moment. Answers how often at which. */
async function cutOff(queue: string, seed: number): Promise<Map<string, number>> {
  const left = { 'customer-events': planned(seed), 'audit-users': planned(seed + 1) };
  const moments = new Map<string, number>();
  const maybeCut = (feed: ScheduledFeed, moment: Moment): void => {
    if (left[feed][0] !== moment) return;
    left[feed].shift();
    moments.set(`${feed} ${moment}`, (moments.get(`${feed} ${moment}`) ?? 0) + 1);
    throw new SinkError('unavailable', 'cut off');
  };
  const real = openDocusignAccount(world.settings);
  const account: DocusignAccount = {
    ...real,
    async call(call) {
      const answer = await real.call(call);
      maybeCut(call.api === 'monitor' ? 'customer-events' : 'audit-users', 'answered');
      return answer;
    },
  };
  const path = join(world.folder, `${queue}.ndjson`);
  const file = createFileSink(path, SILENT);
  const sink: FeedSink = {
    ...file,
    async deliver(feed, entries) {
      // What becomes of a delivery that is cut off in its midst is unclear: here a part of it is there.
      const half = await file.deliver(feed, entries.slice(0, Math.ceil(entries.length / 2)));
      maybeCut(feed, 'half');
      const rest = await file.deliver(feed, entries.slice(Math.ceil(entries.length / 2)));
      maybeCut(feed, 'delivered');
      return { written: half.written + rest.written, repeated: half.repeated + rest.repeated };
    },
  };
  const connection = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    connection,
    taskQueue: queue,
    workflowBundle: { codePath: BUNDLE },
    activities: createFeedActivities({
      ...{ account, sink, settings: world.settings, chunkUsers: 4 },
      deadLetter: async () => undefined,
    }),
    interceptors: { activity: [activityInterceptors] },
  });
  try {
    await worker.runUntil(async () => {
      expect(await ensureFeedSchedules(temporal.client, queue, FEEDS, PACES)).toEqual([
        'feed customer-events: every 1 s',
        'feed audit-users: every 1 s',
      ]);
      await expect.poll(() => atTheSink(path), POLL).toEqual(await wanted());
      // The set-up may be run at any time: a feed goes on from where it was.
      await ensureFeedSchedules(temporal.client, queue, FEEDS, PACES);
      await expect.poll(() => Object.values(left).flat(), POLL).toEqual([]);
      await expect.poll(() => atTheSink(path), POLL).toEqual(await wanted());
      expect(await ensureFeedSchedules(temporal.client, queue, [])).toEqual([
        'feed customer-events: no longer scheduled',
        'feed audit-users: no longer scheduled',
      ]);
    });
  } finally {
    await file.close();
    await real.close();
    await connection.close();
  }
  return moments;
}

describe('feeds that are cut off', () => {
  it('50 times, between asking, delivering and remembering, lose nothing and repeat nothing', async () => {
    await world.control('POST', '/monitor/events', { count: 40 });
    await world.control('POST', '/users', { count: 25 });
    const cuts = await Promise.all(SEEDS.map((seed) => cutOff(`cut-${seed}`, seed)));
    const times = new Map<string, number>();
    for (const one of cuts) for (const [moment, count] of one) times.set(moment, (times.get(moment) ?? 0) + count);
    expect([...times.values()].reduce((sum, count) => sum + count)).toBe(50);
    const each = FEEDS.flatMap((feed) => MOMENTS.map((moment) => `${feed} ${moment}`));
    expect([...times.keys()].sort()).toEqual(each.sort());
  }, 90_000);

  it('by the death of their worker', async () => {
    compiled = compileWorker();
    const orders = { address: server.address, taskQueue: 'killed', bundle: BUNDLE, settings: world.settings, sinkPath };
    await ensureFeedSchedules(temporal.client, 'killed', FEEDS, PACES);
    const deaths = [
      { moment: 'writing', nth: 3 },
      { moment: 'delivered', nth: 5 },
      { moment: 'answered', nth: 2 },
    ] as const;
    for (const killAt of deaths) expect(await runWorker({ ...orders, killAt })).toBe('SIGKILL');
    await world.control('POST', '/monitor/events', { count: 7 });
    const done = new AbortController();
    const last = runWorker({ ...orders, killAt: null }, done.signal);
    await expect.poll(() => atTheSink(sinkPath), POLL).toEqual(await wanted());
    await ensureFeedSchedules(temporal.client, 'killed', []);
    done.abort();
    expect(await last).toBeNull();
  }, 90_000);
});

/** Compiles the worker, below node_modules so that it finds its packages; what it runs is that of `dist/`, like every process of the tests. */
function compileWorker(): string {
  const cache = join(ROOT, 'node_modules/.cache/countersign');
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, 'feed-worker-'));
  const source = readFileSync(join(ROOT, 'test/docusign/feed-worker.ts'), 'utf8');
  const { outputText } = ts.transpileModule(
    source.replaceAll(/'\.\.\/\.\.\/src\//g, `'${new URL('../../dist/', import.meta.url).href}`),
    { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true } },
  );
  writeFileSync(join(out, 'feed-worker.mjs'), outputText);
  return out;
}

/** Answers the signal that ended the worker; null when it ended by itself, as `stop` asks it to. */
async function runWorker(orders: WorkerOrders, stop?: AbortSignal): Promise<NodeJS.Signals | null> {
  const file = join(world.folder, 'orders.json');
  writeFileSync(file, JSON.stringify(orders), { mode: 0o600 });
  const child = spawn(process.execPath, [join(compiled, 'feed-worker.mjs'), file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  stop?.addEventListener('abort', () => child.kill('SIGTERM'));
  const tooLong = setTimeout(() => child.kill('SIGABRT'), 20_000);
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(tooLong);
  return signal;
}
