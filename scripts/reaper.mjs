// Ends the process groups it was told of once its standard input closes, which it also does when the parent is killed.
// Lines: "+PID" adds a group, "-PID" forgets one. Argument: milliseconds between SIGTERM and SIGKILL.
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const graceMs = Number(process.argv[2] ?? 5000);
const groups = new Set();

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (!Number.isInteger(pid) || pid <= 1) continue;
  if (line.startsWith('+')) groups.add(pid);
  else groups.delete(pid);
}

signal('SIGTERM');
const deadline = Date.now() + graceMs;
while (alive().length > 0 && Date.now() < deadline) await wait(50);
signal('SIGKILL');

function signal(name) {
  for (const pid of alive()) {
    try {
      process.kill(-pid, name);
    } catch {
      // Ended between the look and the signal.
    }
  }
}

function alive() {
  return [...groups].filter((pid) => {
    try {
      process.kill(-pid, 0);
      return true;
    } catch {
      return false;
    }
  });
}
