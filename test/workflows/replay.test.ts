/**
 * Deals wait for weeks, so their code changes under them. The histories under test/histories/ were recorded from every way a deal
 * can go; this code must replay each of them. `RECORD_HISTORIES=<way> npm test -- replay` records a new way; `RECORD_HISTORIES=1` records all anew,
 * which is right only when no deal of the recorded version can still be open (docs/changing-the-workflow.md).
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { aDealRunner } from '../support/deal-runner.js';
import { aDeal } from '../support/deals.js';
import { BUNDLE } from '../support/global-setup.js';
import { aSignedPdf } from '../support/signed-pdf.js';
import { WAYS } from '../support/ways.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

const plain = (dealId: string) => aDeal({ dealId });

async function record(wanted: string): Promise<void> {
  const deals = await aDealRunner(await aSignedPdf());
  await mkdir(FOLDER, { recursive: true });
  for (const [name, way] of Object.entries(WAYS)) {
    if (wanted !== '1' && wanted !== name) continue;
    await deals.run(
      async (deal) => {
        await way.drive(deal);
        expect((await deal.result()).outcome).toBe(way.outcome);
        const history = historyToJSON(await deal.handle.fetchHistory());
        await writeFile(`${FOLDER}${name}.json`, JSON.stringify(JSON.parse(history.replaceAll(ROOT, ''))));
      },
      () => (way.start ?? plain)(name),
      way.before,
    );
  }
  await deals.stop();
}

describe('a deal that was recorded', () => {
  beforeAll(async () => {
    if (process.env.RECORD_HISTORIES) await record(process.env.RECORD_HISTORIES);
  }, 300_000);

  it.each(Object.keys(WAYS))('%s replays on this code', async (name) => {
    const history = historyFromJSON(JSON.parse(await readFile(`${FOLDER}${name}.json`, 'utf8')));
    await Worker.runReplayHistory({ workflowBundle: { codePath: BUNDLE } }, history, `deal-${name}`);
  });

  it('is there for every way a deal can go, and for no other', async () => {
    const recorded = (await readdir(FOLDER)).map((file) => file.replace('.json', '')).sort();
    expect(recorded).toEqual(Object.keys(WAYS).sort());
  });

  it('fails the replay when the story is told in another order', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../support/reordered-workflow.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    });
    const history = historyFromJSON(JSON.parse(await readFile(`${FOLDER}approved-and-signed.json`, 'utf8')));
    await expect(Worker.runReplayHistory({ workflowBundle: { code } }, history, 'deal-x')).rejects.toThrow(
      /TMPRL1100|determinism/i,
    );
  });
});
