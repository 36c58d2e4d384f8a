import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, freePorts, isFree } from '../../src/stack/ports.js';

async function listening(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

it('gives ports that are free and different, each with the next one left for the health of a worker', async () => {
  const ports = Object.values(await freePorts(['a', 'b', 'c', 'd']));
  const all = ports.flatMap((port) => [port, port + 1]);
  expect(new Set(all).size).toBe(8);
  for (const port of all) expect(await isFree(port)).toBe(true);
});

it('passes over a port that is in use, or whose next one is, or that is taken', async () => {
  const last = await freePort();
  await listening(last + 2);
  await listening(last + 5);
  expect([last + 2, last + 4, last + 6]).not.toContain(await freePort(new Set([last + 6])));
});

it('keeps a port that was wished for, unless it is in use', async () => {
  const wish = await freePort();
  expect(await freePorts(['a'], { a: wish })).toEqual({ a: wish });
  await listening(wish);
  expect((await freePorts(['a'], { a: wish })).a).not.toBe(wish);
});
