/** Tracing of one process. Only a process that is told to trace loads this file, and OpenTelemetry's SDK with it. */
import { setTimeout as pause } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { FastifyInstance } from 'fastify';
import { AsyncContextManager } from './context-manager.js';
import { DiscreetExporter } from './discreet-exporter.js';
import { traceOutgoingCalls } from './outgoing-calls.js';
import { traceRequests } from './requests.js';
import type { TracingSettings } from './settings.js';
import { TraceparentOnly } from './traceparent.js';

/** At most this long, in milliseconds, do the last spans hold up the end of a process. */
const LAST_SPANS_MS = 3_000;
const TOLD_AGAIN_MS = 60_000;

export interface Tracing {
  /** For Temporal's client. */
  client: WorkflowClientInterceptor[];
  /** For a worker. */
  activity: ActivityInterceptorsFactory;
  /** For a worker: takes the spans of workflows out of their sandbox. */
  sinks: InjectedSinks<{ exporter: { export(spans: unknown): void } }>;
  /** Spans for the requests of a server that is not yet ready. */
  watch(app: FastifyInstance): void;
  /** Sends the last spans, within 3 s, and stops; never throws. */
  close(): Promise<void>;
}

interface Log {
  warn(about: object, message: string): void;
}

/** To be called once in a process, before anything is to be traced. A collector that is away is told to `log`, and disturbs nothing else. */
export function openTracing({ url, headers, defaultServiceName }: TracingSettings, log: Log): Tracing {
  tellOfLostSpans(log);
  const resource = Resource.default()
    .merge(new Resource({ 'service.name': defaultServiceName }))
    .merge(new Resource(envDetectorSync.detect().attributes));
  const processor = new BatchSpanProcessor(
    new DiscreetExporter(new OTLPTraceExporter({ url, headers: { ...headers } })),
  );
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ contextManager: new AsyncContextManager(), propagator: new TraceparentOnly() });
  const tracer = trace.getTracer('countersign');
  const stopWatching = traceOutgoingCalls(tracer);

  return {
    client: [new OpenTelemetryWorkflowClientInterceptor()],
    activity: (context) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(context),
      outbound: new OpenTelemetryActivityOutboundInterceptor(context),
    }),
    sinks: { exporter: makeWorkflowExporter(processor, resource) },
    watch: (app) => traceRequests(app, tracer),
    async close() {
      stopWatching();
      await Promise.race([provider.shutdown().catch(() => undefined), pause(LAST_SPANS_MS, undefined, { ref: false })]);
    },
  };
}

/** A collector's answer may hold anything, so only its code is told. */
function tellOfLostSpans(log: Log): void {
  let lastTold = -Infinity;
  setGlobalErrorHandler((error) => {
    if (performance.now() - lastTold < TOLD_AGAIN_MS) return;
    lastTold = performance.now();
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    log.warn({ code }, 'spans could not be sent and are lost; see OTEL_EXPORTER_OTLP_ENDPOINT. Nothing else suffers');
  });
}
