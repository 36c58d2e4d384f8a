import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const RUN = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
const LONGEST_MS = 240_000;
/** `SCALE=all` runs those that fill Temporal with waiting deals, and those that count a deal's actions, too. */
const ALL = process.env.SCALE === 'all';

const figure = z.number().positive();
const usage = z.number().nonnegative().nullable();
const count = z.number().int().nonnegative();
const times = z.strictObject({ p50: figure, p95: figure, p99: figure });
const acknowledged = z.strictObject({
  webhookAck: times,
  bareSignal: times,
  ratio: z.strictObject({ p50: figure, p95: figure }),
});
const cost = z.strictObject({
  historyEvents: figure,
  historyBytes: figure,
  actions: figure,
  byKind: z.record(z.string(), count),
});
const yearly = z.strictObject({
  dealsAYear: figure,
  millionActionsAMonth: figure,
  dollars: z.record(z.string(), z.number().nonnegative()),
});

const results = z.looseObject({
  at: z.iso.datetime(),
  throughput: z.null(),
  waiting: z.nullable(
    z.strictObject({
      openDeals: count,
      workerRssMiB: z.strictObject({ empty: usage, peak: usage, waiting: usage }),
      cachedDeals: count,
      evictions: count,
      memoryPerCachedDealKiB: z.number().nullable(),
      idleCpuPercent: z.strictObject({ worker: usage, gateway: usage }),
      emptyCpuPercent: z.strictObject({ worker: usage, gateway: usage }),
      idleSeconds: count,
      wakeMs: z.strictObject({ cached: times, evicted: times }),
      workerCpuMsPerDeal: usage,
    }),
  ),
  burst: z.strictObject({
    webhooks: count,
    signals: count,
    perSecond: figure,
    withoutWorker: acknowledged,
    withWorker: acknowledged,
    refused: count,
    lost: count,
    gatewayCpuMsPerWebhook: usage,
    load: z.number().nonnegative(),
  }),
  deal: z.nullable(
    z.strictObject({
      countersign: cost,
      plain: cost,
      yearly: z.strictObject({ countersign: yearly, plain: yearly }),
    }),
  ),
  growth: z.nullable(
    z.strictObject({
      rows: z.array(
        z.strictObject({
          openDeals: count,
          startToReview: times,
          signedToCompleted: times,
          load: z.number().nonnegative(),
        }),
      ),
      ratio: z.strictObject({ startToReview: figure, signedToCompleted: figure }),
    }),
  ),
});

describe('the scale benchmark, tiny', () => {
  let folder = '';
  let printed = '';
  let written: z.infer<typeof results>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-scale-test-'));
    const out = join(folder, 'scale.json');
    // Throughput (a) drives deals as the benchmark of bench.test.ts does.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [RUN, 'scale', '--quick', '--only', ALL ? 'b,c,d,e' : 'c', '--out', out],
      { timeout: LONGEST_MS },
    );
    printed = stdout;
    written = results.parse(JSON.parse(await readFile(out, 'utf8')));
  }, LONGEST_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.runIf(ALL)('keeps all the deals that wait, and those that it woke and took through beside them', () => {
    // 20 that wait; one to warm up, one at half and one at all; one woken cached, and one that came first.
    expect(written.waiting).toMatchObject({ openDeals: 20, evictions: 0 });
    expect(written.waiting?.cachedDeals).toBe(22);
    expect(written.growth?.rows.map(({ openDeals }) => openDeals)).toEqual([10, 20]);
  });

  it('loses none of the acknowledged webhooks', () => {
    expect(written.burst).toMatchObject({ webhooks: 30, signals: 30, refused: 0, lost: 0 });
  });

  it.runIf(ALL)('counts fewer actions for a deal than it has events', () => {
    expect(written.deal).not.toBeNull();
    for (const { actions, historyEvents, byKind } of written.deal
      ? [written.deal.countersign, written.deal.plain]
      : []) {
      expect(byKind.start).toBe(1);
      expect(actions).toBeLessThan(historyEvents);
    }
  });

  it('prints one table of the parts that were asked for', () => {
    expect(printed).not.toContain('(a) throughput');
    if (ALL) expect(printed).toMatch(/worker memory while they wait, MiB +\d+/);
    expect(printed).toMatch(/acknowledged and lost +0/);
    if (ALL) expect(printed).toMatch(/together, \$ a year by list price +\d+ +\d+/);
    if (ALL) expect(printed).toMatch(/start to review, p50 ms +[\d.]+ +[\d.]+ +[\d.]+/);
  });
});
