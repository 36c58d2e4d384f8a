/**
 * Stands between the worker and an outside system and strikes at a chosen call: `before` the call takes effect, or `after` it took
 * effect and before its answer gets back. Each strike happens once.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'undici';

export interface PassingCall {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export type Moment = 'before' | 'after';

export interface Saboteur {
  url: string;
  /** What struck so far, by the name of the call. */
  struck: string[];
  close(): Promise<void>;
}

export interface SaboteurPlan {
  target: string;
  /** The name of a call, by which strikes are planned; undefined for calls of no interest. */
  nameOf: (call: PassingCall) => string | undefined;
  /** Sees each answer on its way back. */
  learn?: (name: string | undefined, call: PassingCall, answer: Buffer) => void;
  strikes: Map<string, Moment>;
  strike: (name: string) => Promise<void>;
  /** Answers of the target tell this address where they tell the target's. */
  disguised?: boolean;
}

/** What concerns one connection only and is not passed on. */
const HOP_BY_HOP = new Set(['host', 'connection', 'transfer-encoding', 'content-length']);

export async function aSaboteur({
  target,
  nameOf,
  learn,
  strikes,
  strike,
  disguised,
}: SaboteurPlan): Promise<Saboteur> {
  const struck: string[] = [];

  /** True when this call was struck at this moment: its caller then hears nothing more. */
  async function strikesAt(name: string | undefined, moment: Moment): Promise<boolean> {
    if (name === undefined || strikes.get(name) !== moment) return false;
    strikes.delete(name);
    struck.push(name);
    await strike(name);
    return true;
  }

  const server = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const { method = 'GET', url: path = '/', headers } = incoming;
      const call = { method, path, headers, body: Buffer.concat(chunks) };
      const name = nameOf(call);
      if (await strikesAt(name, 'before')) return void response.destroy();
      const passed = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
      const answer = await request(`${target}${path}`, {
        method: method as 'GET',
        headers: { ...Object.fromEntries(passed), 'content-length': String(call.body.length) },
        ...(call.body.length > 0 && { body: call.body }),
      });
      const body = Buffer.from(await answer.body.arrayBuffer());
      learn?.(name, call, body);
      if (await strikesAt(name, 'after')) return void response.destroy();
      // An answer that tells the target's own address would lead past here.
      const { 'content-length': _, ...passedOn } = answer.headers;
      const told = disguised ? Buffer.from(body.toString('latin1').replaceAll(target, own()), 'latin1') : body;
      response.writeHead(answer.statusCode, passedOn).end(told);
    })().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  function own(): string {
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  return {
    url: own(),
    struck,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
