// A process with children of its own, for the tests that end it: prints their process ids, then waits.
import { Processes } from '../../dist/stack/processes.js';

const processes = new Processes(process.argv[2], 1000);
const start = (name, script) =>
  processes.start({ name, command: process.execPath, args: ['-e', script], env: process.env, cwd: process.argv[2] });

const sleeper = await start('sleeper', 'setInterval(() => {}, 1000)');
const deaf = await start('deaf', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)");
const family = await start(
  'family',
  "const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });" +
    'console.log(child.pid); setInterval(() => {}, 1000)',
);
for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => void processes.stopAll().then(() => process.exit(0)));
}
process.once('SIGUSR2', () => {
  if (process.argv[3] === 'throw') throw new Error('on purpose');
  process.exit(3);
});
console.log(JSON.stringify([sleeper.pid, deaf.pid, family.pid]));
