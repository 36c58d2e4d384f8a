/** A span for each HTTP call that a step or a request makes, from undici's own announcements: whoever calls need not know. */
import { channel } from 'node:diagnostics_channel';
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import { routeOf } from './route-words.js';

/** What undici shows of a request (its `DiagnosticsChannel` documentation). */
interface OutgoingRequest {
  origin?: string | URL;
  method: string;
  path: string;
  addHeader(name: string, value: string): unknown;
}

/** Answers the way to stop it. A span ends with the headers of the answer; calls that belong to no span get none. */
export function traceOutgoingCalls(tracer: Tracer): () => void {
  const spans = new WeakMap<object, Span>();

  function begun(message: unknown): void {
    const { request } = message as { request: OutgoingRequest };
    // A proxy's CONNECT is not a call of anybody's.
    if (request.method === 'CONNECT' || !trace.getActiveSpan()) return;
    const { method } = request;
    const route = routeOf(request.path);
    const { hostname, port, protocol } = new URL(String(request.origin));
    const span = tracer.startSpan(`${method} ${route}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'url.template': route,
        'server.address': hostname,
        'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
      },
    });
    spans.set(request, span);
    propagation.inject(trace.setSpan(context.active(), span), request, {
      set: (to, name, value) => void to.addHeader(name, value),
    });
  }

  function answered(message: unknown): void {
    const { request, response } = message as { request: OutgoingRequest; response: { statusCode: number } };
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 400) {
      span?.setAttribute('error.type', String(response.statusCode)).setStatus({ code: SpanStatusCode.ERROR });
    }
    span?.end();
    spans.delete(request);
  }

  function failed(message: unknown): void {
    const { request, error } = message as { request: OutgoingRequest; error: Error & { code?: string } };
    const span = spans.get(request);
    span?.setAttribute('error.type', error.code ?? error.name).setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    spans.delete(request);
  }

  const listeners = { create: begun, headers: answered, error: failed };
  for (const [name, listener] of Object.entries(listeners)) channel(`undici:request:${name}`).subscribe(listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) channel(`undici:request:${name}`).unsubscribe(listener);
  };
}
