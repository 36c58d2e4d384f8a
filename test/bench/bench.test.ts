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
const DEALS = 10;
const OPEN_DEALS = 20;

const figure = z.number().positive();
const compared = z.strictObject({ countersign: figure, plain: figure, ratio: figure });
/** CPU and memory are known on Linux only. */
const usage = z.strictObject({
  countersign: z.number().nonnegative().nullable(),
  plain: z.number().nonnegative().nullable(),
  ratio: z.number().nonnegative().nullable(),
});
const count = z.number().int().nonnegative();
const times = z.strictObject({ p50: figure, p95: figure });
const counted = z.strictObject({ countersign: count, plain: count });

const results = z.strictObject({
  at: z.iso.datetime(),
  machine: z.strictObject({
    cpu: z.string().min(1),
    cores: figure,
    memoryGiB: figure,
    node: z.string().startsWith('v'),
    platform: z.string().min(1),
  }),
  settings: z.strictObject({
    deals: count,
    concurrency: count,
    rounds: count,
    detectionMs: count,
    crm: z.string(),
    profiled: z.boolean(),
  }),
  throughput: compared,
  historyEvents: compared,
  historyBytes: compared,
  webhookToCompletedP50Ms: compared,
  webhookToCompletedP95Ms: compared,
  slowestDealMs: compared,
  cpuMsPerDeal: z.strictObject({ worker: usage, gateway: usage, temporal: usage, sandbox: usage }),
  workerRssMiB: usage,
  turns: z.array(z.strictObject({ version: z.enum(['countersign', 'plain']), deals: count, dealsPerSecond: figure })),
  checks: z.strictObject({
    deals: counted,
    completed: counted,
    attachedOnce: counted,
    sends: counted,
    envelopes: count,
    repeatedWebhooks: counted,
  }),
  consoleMs: z.strictObject({
    openDeals: count,
    views: count,
    load: z.number().nonnegative(),
    aimMs: figure,
    met: z.boolean(),
    pages: z.strictObject({
      queue: times,
      deals: times,
      inReview: times,
      blocked: times,
      deal: times,
      approve: times,
    }),
  }),
});

describe('the benchmark, in short', () => {
  let folder = '';
  let printed = '';
  let written: z.infer<typeof results>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-bench-test-'));
    const out = join(folder, 'results.json');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [RUN, '--short', '--detection-ms', '1000', '--out', out],
      {
        timeout: LONGEST_MS,
      },
    );
    printed = stdout;
    written = results.parse(JSON.parse(await readFile(out, 'utf8')));
  }, LONGEST_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('takes every deal of both versions to its end', () => {
    expect(written.settings.deals).toBe(DEALS);
    expect(written.checks.completed).toEqual({ countersign: DEALS, plain: DEALS });
  });

  it('sees one send and one attached PDF for each deal of Countersign', () => {
    expect(written.checks.sends.countersign).toBe(written.checks.deals.countersign);
    expect(written.checks.attachedOnce.countersign).toBe(DEALS);
  });

  it('gives each version its turn with all of its deals', () => {
    expect(written.turns.map(({ version, deals }) => [version, deals])).toEqual([
      ['countersign', DEALS],
      ['plain', DEALS],
    ]);
  });

  it('needs fewer history events for a deal than the plain version', () => {
    expect(written.historyEvents.countersign).toBeLessThan(written.historyEvents.plain);
  });

  it('times every page of the console while deals are open, the slow views above the median', () => {
    expect(written.consoleMs).toMatchObject({ openDeals: OPEN_DEALS, views: 10, aimMs: 100 });
    for (const { p50, p95 } of Object.values(written.consoleMs.pages)) expect(p95).toBeGreaterThanOrEqual(p50);
  });

  it('says whether every median of the console is under its aim', () => {
    const medians = Object.values(written.consoleMs.pages).map(({ p50 }) => p50);
    expect(written.consoleMs.met).toBe(medians.every((p50) => p50 < 100));
    expect(printed).toContain(written.consoleMs.met ? 'Every median is under 100 ms' : 'Not every median is under');
  });

  it('prints the tables', () => {
    expect(printed).toMatch(/deals per second +[\d.]+ +[\d.]+ +[\d.]+/);
    expect(printed).toMatch(/history events per deal +\d+ +\d+ +[\d.]+/);
    expect(printed).toMatch(/console, 20 open deals +p50 ms +p95 ms/);
    expect(printed).toMatch(/queue +[\d.]+ +[\d.]+/);
  });
});

describe('the benchmark, asked wrongly', () => {
  it('names the option that is wrong and starts nothing', async () => {
    const failure = await promisify(execFile)(process.execPath, [RUN, '--deals', 'many']).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 1, stdout: '', stderr: '--deals many: must be a whole number from 1\n' });
  });
});
