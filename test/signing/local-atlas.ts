/** A server that answers what a test says and keeps what it was asked: for answers that no well-behaved stand-in gives. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createAtlasClient, type AtlasClient } from '../../src/signing/atlas/client.js';
import type { AtlasClientOptions } from '../../src/signing/atlas/options.js';
import { AtlasError } from '../../src/signing/atlas/errors.js';

export const API_KEY = 'atlas-key-0123456789-SECRET';

export interface Asked {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface LocalServer {
  url: string;
  asked: Asked[];
  /** TCP connections ever taken. */
  connections(): number;
}

export type Answering = (asked: Asked, response: ServerResponse) => void;

/** Ends with the test. */
export async function aServer(answer: Answering): Promise<LocalServer> {
  const asked: Asked[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks) };
      asked.push(one);
      answer(one, response);
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, connections: () => connections };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A client of that server; closed with the test. */
export function aClient(url: string, options: Partial<AtlasClientOptions> = {}): AtlasClient {
  const client = createAtlasClient({ baseUrl: url, apiKey: API_KEY, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A client of an Atlas that answers every call with this. */
export async function aClientAnswered(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<AtlasClient> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const server = await aServer((_asked, response) => response.writeHead(status, headers).end(text));
  return aClient(server.url);
}

/** The error a promise ends with; fails when it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<AtlasError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof AtlasError) return outcome;
  throw new Error('no AtlasError was thrown', { cause: outcome });
}

/** Everything of an error that could reach a log. */
export function wholeText(error: AtlasError): string {
  return [error.message, error.stack, JSON.stringify(error), String(error.cause), error.code].join('\n');
}
