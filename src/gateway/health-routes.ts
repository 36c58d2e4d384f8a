import type { FastifyInstance } from 'fastify';
import type { Deals } from './deals.js';
import type { Metrics } from './observe.js';

/** `/healthz`: the process answers. `/readyz`: it reaches Temporal too. `/metrics`: Prometheus. All open. */
export function addHealthRoutes(app: FastifyInstance, deals: Deals, { registry }: Metrics): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    await deals.check();
    return { status: 'ready' };
  });
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}
