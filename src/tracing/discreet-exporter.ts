import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

/** All that a span may tell. Ids, names of ours, hosts and numbers: whatever else an instrumentation notes stays here. */
const TOLD = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'url.template',
  'server.address',
  'server.port',
  'error.type',
  'countersign.deal_id',
  'countersign.envelope_id',
  'temporalWorkflowId',
  'temporalActivityId',
  'run_id',
  'workflowId',
  'runId',
  'workflowType',
  'exception.type',
]);
/** Names of signals and queries may be typed by a person. */
const A_NAME = /^[\w .:/{}*-]{1,200}$/;

/** Lets no span out with more than `TOLD`: texts of errors, memos and arguments may hold anything. */
export class DiscreetExporter implements SpanExporter {
  constructor(private readonly exporter: SpanExporter) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans.map(discreet), done);
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }
}

function discreet(span: ReadableSpan): ReadableSpan {
  const { kind, parentSpanId, startTime, endTime, duration, ended, resource, instrumentationLibrary } = span;
  const context = withoutState(span.spanContext());
  return {
    name: A_NAME.test(span.name) ? span.name : 'unnamed',
    spanContext: () => context,
    ...(parentSpanId !== undefined && { parentSpanId }),
    ...{ kind, startTime, endTime, duration, ended, resource, instrumentationLibrary },
    status: { code: span.status.code },
    attributes: told(span.attributes),
    links: span.links.map((link) => ({ context: withoutState(link.context) })),
    events: span.events.map(({ name, time, attributes }) => ({
      name: A_NAME.test(name) ? name : 'unnamed',
      time,
      attributes: told(attributes),
    })),
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  };
}

function told(attributes: Attributes = {}): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => TOLD.has(name)));
}

function withoutState({ traceId, spanId, traceFlags }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags };
}
