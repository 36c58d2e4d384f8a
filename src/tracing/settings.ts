/** Where spans go. What OpenTelemetry reads by itself (sampler, resource attributes) has been checked by then. */
export interface TracingSettings {
  /** Whole address of the collector's OTLP/HTTP receiver for traces. */
  url: string;
  /** With every call of the collector: often its key. */
  headers: Readonly<Record<string, string>>;
  /** Where neither OTEL_SERVICE_NAME nor `service.name` of OTEL_RESOURCE_ATTRIBUTES is set. */
  defaultServiceName: string;
}
