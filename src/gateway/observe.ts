/** What the gateway tells of itself: one log line and one measure a request, counters of webhooks. Ids and numbers only. */
import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, Registry } from 'prom-client';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by routes as soon as they know it, for the log line. */
    about: { dealId?: string; envelopeId?: string };
  }
}

export interface Metrics {
  registry: Registry;
  webhooks: Counter<'provider' | 'event' | 'result'>;
  crmNotifications: Counter<'crm' | 'result'>;
  requests: Histogram<'method' | 'route' | 'status'>;
}

export function createMetrics(registry = new Registry()): Metrics {
  return {
    registry,
    webhooks: new Counter({
      name: 'countersign_webhooks_total',
      help: 'Webhooks of e-sign providers, by event and by what came of them',
      labelNames: ['provider', 'event', 'result'],
      registers: [registry],
    }),
    crmNotifications: new Counter({
      name: 'countersign_crm_notifications_total',
      help: 'Notifications of the CRM, by what came of them',
      labelNames: ['crm', 'result'],
      registers: [registry],
    }),
    requests: new Histogram({
      name: 'countersign_http_request_duration_seconds',
      help: 'Requests by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
  };
}

/** Health checks come every few seconds and say nothing. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  app.decorateRequest('about');
  app.addHook('onRequest', async (request) => {
    request.about = {};
  });
  app.addHook('onResponse', async (request, reply) => {
    // The pattern, not the path: paths of requests nobody routed may hold anything.
    const route = request.routeOptions.url ?? 'unmatched';
    const status = reply.statusCode;
    metrics.requests.observe({ method: request.method, route, status: String(status) }, reply.elapsedTime / 1000);
    if (QUIET.has(route) && status < 400) return;
    const { caller, about } = request;
    const line = { method: request.method, route, status, ms: Math.round(reply.elapsedTime) };
    request.log.info({ ...line, ...(caller && { role: caller.role }), ...about }, 'request');
  });
}
