/** What a change of the workflow does to recorded deals in CI, before it does it to open ones (docs/deploying.md). */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleReleases, type Releases } from './releases.js';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

let releases: Releases;
beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
  releases = await bundleReleases();
}, 120_000);

async function* recorded() {
  for (const file of await readdir(FOLDER)) {
    const history = historyFromJSON(JSON.parse(await readFile(`${FOLDER}${file}`, 'utf8')));
    yield { workflowId: file.replace('.json', ''), history };
  }
}

/** Which recorded deals a release replays, and what is said of those that it does not. */
async function replay(code: string): Promise<{ fits: string[]; faults: string[] }> {
  const seen = { fits: [] as string[], faults: [] as string[] };
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, recorded())) {
    if (error) seen.faults.push(error.message);
    else seen.fits.push(workflowId);
  }
  return seen;
}

describe('the replay of recorded deals', () => {
  it('takes the workflows as workers with versions run them, and a step more behind a patch', async () => {
    const all = (await readdir(FOLDER)).map((file) => file.replace('.json', '')).sort();
    for (const code of [releases.first, releases.patched]) {
      const { fits, faults } = await replay(code);
      expect(faults).toEqual([]);
      expect(fits.sort()).toEqual(all);
    }
  }, 120_000);

  it('refuses every deal where the same step has no patch', async () => {
    const { fits, faults } = await replay(releases.careless);
    // A deal that goes on in a fresh run has its first step behind it like any other.
    expect(fits).toEqual([]);
    for (const fault of faults) expect(fault).toMatch(/TMPRL1100|determinism/i);
  }, 120_000);
});
