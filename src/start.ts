/** `npm start`: the whole stack on this machine, kept up for a person to play with. What it keeps is in `./data`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docx, twoPagePdf } from './stack/contracts.js';
import { AskedToEnd, endingSignal, unlessAborted } from './stack/ending.js';
import { startStack, type Stack } from './stack/stack.js';
import { thingsToTry } from './stack/things-to-try.js';

async function putSamples({ folders }: Stack): Promise<void> {
  await writeFile(join(folders.contracts, 'order-form.pdf'), await twoPagePdf());
  await writeFile(join(folders.contracts, 'order-form.docx'), await docx());
}

async function main(): Promise<number> {
  const ending = endingSignal();
  console.log('Starting Temporal, the Atlas sandbox, the worker and the gateway ...');
  const starting = startStack({
    home: process.cwd(),
    ui: true,
    ports: { gateway: 8080, sandbox: 8090, bucket: 8091, metrics: 9464, temporal: 7233, temporalUi: 8233 },
    notice: (line) => console.log(`  ${line}`),
    env: {
      sandbox: { SANDBOX_CLOCK_SPEED: '60' },
      countersign: { READ_BACK_FIRST: '1 minute' },
    },
  });
  try {
    const stack = await unlessAborted(starting.stack, ending);
    await putSamples(stack);
    console.log(`\n${thingsToTry(stack)}\n`);
    return await unlessAborted(new Promise<number>(() => undefined), ending);
  } catch (error) {
    if (ending.aborted && ending.reason instanceof AskedToEnd) {
      console.log(`\n${ending.reason.message} Stopping everything; ./data keeps the deals for the next start.`);
      return ending.reason.signal === 'SIGINT' ? 0 : ending.reason.exitCode;
    }
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await starting.stop();
  }
}

process.exitCode = await main();
