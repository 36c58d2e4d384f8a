import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from './compose-file.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

/** Its address. */
async function aServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    if (server.listening) await once(server.close(), 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/readyz`;
}

async function check(address: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'deploy/healthcheck.mjs'), address], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, said };
}

describe('the health check of a container', () => {
  it('passes for a process that is ready', async () => {
    const address = await aServer((_request, response) => response.end('ok'));
    expect(await check(address)).toEqual({ code: 0, said: '' });
  });

  it('fails for a process that says it is not ready, and says what it answered', async () => {
    const address = await aServer((_request, response) => response.writeHead(503).end());
    expect(await check(address)).toEqual({ code: 1, said: `${address} answers 503\n` });
  });

  it('fails where nobody listens', async () => {
    const address = await aServer((_request, response) => response.end());
    await cleanups.pop()?.();
    const { code, said } = await check(address);
    expect(code).toBe(1);
    expect(said).toContain('ECONNREFUSED');
  });

  it('fails for a process that hangs, within the time that docker-compose.yml gives it', async () => {
    const address = await aServer(() => undefined);
    const begun = Date.now();
    expect((await check(address)).code).toBe(1);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });
});
