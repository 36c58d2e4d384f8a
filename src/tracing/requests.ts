/** A span for each request to the gateway that got past its guard: what strangers send costs no trace. */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Tracer } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const UNTRACED = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json']);
/** Their senders prove themselves only later, and their traces are not ours. */
const FROM_OUTSIDE = /^\/(webhooks|crm)\//;

interface About {
  about?: { dealId?: string; envelopeId?: string };
}

/** To be called before the server is ready. The trace of a caller's `traceparent` is continued. */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  const contexts = new WeakMap<FastifyRequest, Context>();

  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route === undefined || UNTRACED.has(route)) return done();
    const parent = FROM_OUTSIDE.test(route) ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, request.headers);
    const { method } = request;
    const span = tracer.startSpan(
      `${method} ${route}`,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'http.route': route } },
      parent,
    );
    const own = trace.setSpan(parent, span);
    contexts.set(request, own);
    context.with(own, done);
  });

  // A body arrives by events of its connection, which knows nothing of this request.
  app.addHook('preHandler', (request, _reply, done) => {
    const own = contexts.get(request);
    if (own) context.with(own, done);
    else done();
  });

  app.addHook('onResponse', async (request, reply) => {
    const own = contexts.get(request);
    const span = own && trace.getSpan(own);
    if (!span) return;
    const { dealId, envelopeId } = (request as About).about ?? {};
    if (dealId !== undefined) span.setAttribute('countersign.deal_id', dealId);
    if (envelopeId !== undefined) span.setAttribute('countersign.envelope_id', envelopeId);
    span.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
}
