import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Link } from '../../chaos/link.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function aServer(answer: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const close = (): Promise<void> =>
    new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  open.push(close);
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

async function aLink(...ports: number[]): Promise<Link> {
  const link = await Link.to(...ports);
  open.push(() => link.close());
  return link;
}

/** On a connection of its own. */
async function ask(link: Link, signal?: AbortSignal): Promise<string> {
  const answer = await fetch(link.url, { headers: { connection: 'close' }, ...(signal && { signal }) });
  return answer.text();
}

describe('the network to Atlas', () => {
  it('passes on what it is given', async () => {
    const link = await aLink((await aServer('here')).port);
    expect(await ask(link)).toBe('here');
  });

  it('goes to each of several targets, past one that is gone', async () => {
    const [one, two, gone] = [await aServer('one'), await aServer('two'), await aServer('gone')];
    await open.pop()?.();
    const link = await aLink(one.port, two.port, gone.port);
    const answers = new Set<string>();
    for (let call = 0; call < 6; call++) answers.add(await ask(link));
    expect(answers).toEqual(new Set(['one', 'two']));
  });

  it('resets what is open and what is new while it is cut, and is fine afterwards', async () => {
    const { server, port } = await aServer('here');
    const link = await aLink(port);
    server.removeAllListeners('request');
    const underWay = ask(link);
    await once(server, 'request');
    link.set('cut');
    await expect(underWay).rejects.toThrow('fetch failed');
    await expect(ask(link)).rejects.toThrow('fetch failed');
    server.on('request', (_, response) => response.end('here'));
    link.set('fine');
    expect(await ask(link)).toBe('here');
  });

  it('holds everything while it is frozen, and lets it go on afterwards', async () => {
    const link = await aLink((await aServer('here')).port);
    link.set('frozen');
    const held = ask(link);
    const first = await Promise.race([held, new Promise((resolve) => setTimeout(resolve, 200, 'nothing yet'))]);
    expect(first).toBe('nothing yet');
    link.set('fine');
    expect(await held).toBe('here');
  });

  it('gets everything through while it is slow', async () => {
    const link = await aLink((await aServer('here')).port);
    link.set('slow');
    const late = ask(link);
    const first = await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 200, 'nothing yet'))]);
    expect(first).toBe('nothing yet');
    expect(await late).toBe('here');
  });
});
