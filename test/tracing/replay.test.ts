/** Tracing may be turned on while deals are open: their histories replay with OpenTelemetry among the workflows. `REPLAY=all` takes every way. */
import { readFile } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { builtBundle } from '../support/built-bundle.js';
import { WAYS } from '../support/ways.js';

const EVENTFUL = [
  'amended-to-a-new-version-of-its-document',
  'reissued-after-sending',
  'reminded-and-expired',
  'cancelled',
];

it.each(process.env.REPLAY === 'all' ? Object.keys(WAYS) : EVENTFUL)('%s replays with tracing', async (way) => {
  const text = await readFile(new URL(`../histories/${way}.json`, import.meta.url), 'utf8');
  const spans: unknown[] = [];
  const sinks = {
    exporter: { export: { fn: (_info: unknown, some: unknown[]) => void spans.push(...some), callDuringReplay: true } },
  };
  const replay = { workflowBundle: await builtBundle({ traced: true }), sinks };
  await Worker.runReplayHistory(replay, historyFromJSON(JSON.parse(text)), `deal-${way}`);
  expect(spans.length).toBeGreaterThan(5);
});
