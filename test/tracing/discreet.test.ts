import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type SpanContext } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { readGatewaySettings, readWorkerSettings } from '../../src/config.js';
import { DiscreetExporter } from '../../src/tracing/discreet-exporter.js';
import { routeOf } from '../../src/tracing/route-words.js';
import { TraceparentOnly } from '../../src/tracing/traceparent.js';

const SECRET = 'ada@customer.example';

describe('a span on its way out', () => {
  it('keeps what is listed and loses what an instrumentation, an error or a person may have put there', () => {
    const kept = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new DiscreetExporter(kept))] });
    const tracer = provider.getTracer('test');
    const span = tracer.startSpan('RunActivity:sendEnvelope', { kind: SpanKind.CLIENT });
    span.setAttributes({ 'http.route': '/deals', memo: SECRET, temporalTerminateReason: SECRET });
    span.recordException(new TypeError(`nobody called ${SECRET}`));
    span.setStatus({ code: SpanStatusCode.ERROR, message: SECRET });
    const link: SpanContext = { ...span.spanContext() };
    span.addLink({ context: link, attributes: { who: SECRET } });
    span.end();
    tracer.startSpan(`HandleQuery:${SECRET}`).end();
    const [sent, typed] = kept.getFinishedSpans();
    expect(sent).toMatchObject({
      name: 'RunActivity:sendEnvelope',
      kind: SpanKind.CLIENT,
      attributes: { 'http.route': '/deals' },
      status: { code: SpanStatusCode.ERROR },
      events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }],
      links: [{ context: { spanId: link.spanId } }],
    });
    expect(sent?.attributes).not.toHaveProperty('memo');
    expect(typed?.name).toBe('unnamed');
    for (const { attributes, events, links, status, name } of kept.getFinishedSpans())
      expect(JSON.stringify({ attributes, events, links, status, name })).not.toContain('ada');
  });

  it.each([
    ['/api/envelope/3f2c/send?t=secret', '/api/envelope/{}/send'],
    ['/contracts/Sam-Signer.pdf', '/{}/{}'],
    ['/services/data/v59.0/sobjects/Opportunity/006xx', '/services/data/v59.0/sobjects/Opportunity/{}'],
    ['/sign/env-1#ada', '/{}/{}'],
    ['/', '/'],
    ['', ''],
  ])('shows of the path %s only %s', (path, route) => {
    expect(routeOf(path)).toBe(route);
  });

  it("carries a caller's trace on, and neither tracestate nor baggage", () => {
    const propagator = new TraceparentOnly();
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: `x=${SECRET}` };
    const getter = { keys: Object.keys, get: (from: object, key: string) => Reflect.get(from, key) as string };
    const context = propagator.extract(ROOT_CONTEXT, headers, getter);
    expect(trace.getSpanContext(context)).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) });
    const onward: Record<string, string> = {};
    propagator.inject(context, onward, { set: (to: typeof onward, key, value) => void (to[key] = value) });
    expect(onward).toEqual({ traceparent: headers.traceparent });
  });
});

describe('the settings of tracing', () => {
  const env = { ATLAS_API_KEY: 'k' };
  const tracing = (over: Record<string, string>) => readGatewaySettings({ ...env, ...over }).tracing;

  it('are none without an endpoint, or where OpenTelemetry is turned off', () => {
    expect(tracing({})).toBeNull();
    expect(readWorkerSettings(env).tracing).toBeNull();
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' })).toBeNull();
  });

  it('lead to the receiver for traces, with the headers', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://c:4318/base/';
    const OTEL_EXPORTER_OTLP_HEADERS = 'x-key=a%20b, y = 2';
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS })).toEqual({
      url: 'http://c:4318/base/v1/traces',
      headers: { 'x-key': 'a b', y: '2' },
      defaultServiceName: 'countersign-gateway',
    });
    const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = 'https://t/v1';
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT })?.url).toBe('https://t/v1');
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:secret@c:4318'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '10'],
    ['OTEL_SDK_DISABLED', 'yes'],
    ['DRAIN_TIME', '5 minutes'],
  ])('say what is wrong with %s=%s and how it is set, without showing it', (name, value) => {
    const read = () => readGatewaySettings({ ...env, [name]: value });
    expect(read).toThrow(new RegExp(`^${name}: must .*; for example ${name}=`));
    expect(read).not.toThrow(/secret/);
  });

  it("put the worker's health beside its metrics", () => {
    expect(readWorkerSettings(env).healthPort).toBe(9465);
    expect(readWorkerSettings({ ...env, METRICS_PORT: '9000' }).healthPort).toBe(9001);
    expect(readWorkerSettings({ ...env, METRICS_PORT: '0' }).healthPort).toBe(0);
    expect(readWorkerSettings({ ...env, METRICS_PORT: '0', HEALTH_PORT: '7' }).healthPort).toBe(7);
  });

  it('let a gateway drain where something shares out its requests', () => {
    const tokens = { GATEWAY_TOKENS: 'operator:anna:0123456789abcdef0123' };
    expect(readGatewaySettings(env).drainMs).toBe(0);
    expect(readGatewaySettings({ ...env, ...tokens, NODE_ENV: 'production' }).drainMs).toBe(5_000);
    expect(readGatewaySettings({ ...env, ...tokens, NODE_ENV: 'production', DRAIN_TIME: '0' }).drainMs).toBe(0);
  });
});
