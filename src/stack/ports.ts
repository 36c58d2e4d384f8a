import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
// Below the ranges from which systems give ports to outgoing connections, so that a process that is started again gets its port back.
const FIRST = 20_000;
const COUNT = 12_000;
// The port after each that is chosen is left alone: a worker's health is told there, next to its metrics.
const STEP = 2;
/** From one process's first choice to the next one's: programs that choose at the same time seldom meet before their servers listen. */
const APART = 31 * STEP;

let next = (process.pid * APART) % COUNT;

/** True if a server could listen on this loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A loopback port that is free now and, unless a stranger takes it, stays so; never one of `taken`. */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST + next;
    next = (next + STEP) % COUNT;
    if (!taken.has(port) && (await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error(`No free port found between ${FIRST} and ${FIRST + COUNT} on ${LOOPBACK}.`);
}

/** As many different free ports as there are names, `wanted` first. */
export async function freePorts<Name extends string>(
  names: readonly Name[],
  wanted: Partial<Record<Name, number>> = {},
): Promise<Record<Name, number>> {
  const taken = new Set<number>();
  const chosen: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const wish = wanted[name];
    const port = wish !== undefined && !taken.has(wish) && (await isFree(wish)) ? wish : await freePort(taken);
    taken.add(port);
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}
