// `node scripts/replay.mjs FILE...`: replays deals that were exported by `temporal workflow show --output json` on what is built.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Which deals? node scripts/replay.mjs histories/*.json');
  process.exit(2);
}
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
const codePath = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));

let faults = 0;
for (const file of files) {
  try {
    const history = historyFromJSON(JSON.parse(await readFile(file, 'utf8')));
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
    console.log(`${file}: replays`);
  } catch (error) {
    faults += 1;
    // What follows the first line may quote the deal.
    console.log(
      `${file}: does not replay: ${String(error?.message ?? error)
        .split('\n', 1)[0]
        .slice(0, 300)}`,
    );
  }
}
process.exitCode = faults > 0 ? 1 : 0;
