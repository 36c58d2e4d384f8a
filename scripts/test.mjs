// `npm test`: makes the clone ready, fetches the Temporal servers that the tests run, then vitest with the arguments given.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

await prepare();
await fetchServers();
runVitest(process.argv.slice(2));

async function fetchServers() {
  const { findExecutable } = await import('../dist/stack/find-temporal.js');
  const { DEV_SERVER, TIME_SKIPPING_SERVER } = await import('../dist/stack/temporal-server-kinds.js');
  try {
    for (const server of [DEV_SERVER, TIME_SKIPPING_SERVER]) await findExecutable(server, { notice: console.log });
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

function runVitest(args) {
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
  const child = spawn(process.execPath, [vitest, 'run', ...args], { stdio: 'inherit' });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      // A terminal sends Ctrl-C to both; twice would cut vitest's own cleaning up short.
      if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
    });
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}
