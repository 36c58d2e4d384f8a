import type { FastifyInstance } from 'fastify';
import type { Deals } from './deals.js';
import type { Metrics } from './observe.js';

/** `/healthz`: the process answers. `/readyz`: it reaches Temporal too. `/metrics`: Prometheus. All open. */
export function addHealthRoutes(app: FastifyInstance, deals: Deals, { registry }: Metrics): void {
  const config = { limit: 'none' } as const;
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async () => {
    await deals.check();
    return { status: 'ready' };
  });
  app.get('/metrics', { config }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
