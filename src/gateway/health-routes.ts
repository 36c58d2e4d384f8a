import type { FastifyInstance } from 'fastify';
import { askedSeldom } from '../health/readiness.js';
import type { Deals } from './deals.js';
import type { Drain } from './drain.js';
import type { Metrics } from './observe.js';
import { Problem } from './problem.js';

/**
 * `/healthz`: the process answers. `/readyz`: it is not about to stop, reaches Temporal, and finds there what deals need. `/metrics`:
 * Prometheus. All open.
 */
export function addHealthRoutes(app: FastifyInstance, deals: Deals, { registry }: Metrics, drain: Drain): void {
  const ready = askedSeldom(() => deals.check());
  const config = { limit: 'none' } as const;
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async () => {
    if (drain.begun()) throw new Problem(503, 'draining', 'This gateway is about to stop: call another one.');
    await ready();
    return { status: 'ready' };
  });
  app.get('/metrics', { config }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
