/** `/healthz` and `/readyz` of a process that has no other HTTP server. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NotReady, type Readiness } from './readiness.js';

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/** `/healthz` answers 200 as long as the process's event loop turns; `/readyz` 200 or 503, with the reason. Throws when the port is taken. */
export async function serveHealth(host: string, port: number, ready: Readiness): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path === '/healthz') send(response, 200, { status: 'ok' });
    else if (path === '/readyz') void ready().then(() => send(response, 200, { status: 'ready' }), refuse(response));
    else send(response, 404, { status: 404, detail: 'There are only /healthz and /readyz here.' });
  });
  server.requestTimeout = 5_000;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new Error(`HEALTH_PORT: ${host}:${port} cannot be listened on (${code}); set HEALTH_PORT to a free port`);
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function refuse(response: ServerResponse): (error: unknown) => void {
  return (error) => {
    const known = error instanceof NotReady;
    const part = known ? error.part : 'unknown';
    const detail = known ? error.message : 'The check failed unforeseen; see the log.';
    send(response, 503, { type: 'urn:countersign:problem:not-ready', title: 'Not ready', status: 503, part, detail });
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, connection: 'close' }).end(JSON.stringify(body));
}
