/** OpenTelemetry's own variables, as far as Countersign heeds them. */
import { z } from 'zod';
import type { TracingSettings } from '../tracing/settings.js';
import { readVariables, type Environment, type Setting } from './environment.js';

const endpoint = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be a web address (http: or https:)' })
    .refine((text) => !/^https?:\/\/[^/]*@/.test(text), 'must hold no user name or password')
    .optional()
    .meta({ example });

const PAIR = /^\s*([^=,\s]+)\s*=\s*([^,]*?)\s*$/;

/** `name=value` with commas between; values are percent-encoded where they need to be. */
const pairs = (example: string) =>
  z
    .string()
    .transform((text, context) => {
      const found = text.split(',').map((part) => PAIR.exec(part));
      try {
        return Object.fromEntries(
          found.map((pair) => {
            if (!pair) throw new Error('no pair');
            return [pair[1] ?? '', decodeURIComponent(pair[2] ?? '')];
          }),
        );
      } catch {
        const message = 'must be a comma list of name=value, with values percent-encoded';
        context.issues.push({ code: 'custom', message, input: text });
        return z.NEVER;
      }
    })
    .default({})
    .meta({ example });

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];

export const TRACING_VARIABLES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint('http://collector:4318'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint('http://collector:4318/v1/traces'),
  OTEL_EXPORTER_OTLP_HEADERS: pairs('authorization=Bearer%20key').meta({ secret: true, example: 'x-api-key=key' }),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .literal(
      'http/json',
      'must be http/json, which is all that is spoken (a collector takes it where it takes http/protobuf)',
    )
    .optional()
    .meta({ example: 'http/json' }),
  OTEL_SERVICE_NAME: z.string().max(200, 'must be at most 200 characters').optional().meta({ example: 'contracts' }),
  OTEL_RESOURCE_ATTRIBUTES: pairs('deployment.environment=production'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, `must be one of ${SAMPLERS.join(', ')}`)
    .optional()
    .meta({ example: 'parentbased_traceidratio' }),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .refine((text) => Number(text) >= 0 && Number(text) <= 1, 'must be a share from 0 to 1')
    .optional()
    .meta({ example: '0.1' }),
  OTEL_SDK_DISABLED: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(false)
    .meta({ example: 'false' }),
};

/** Null: nothing is traced, since no endpoint is set or OTEL_SDK_DISABLED is. */
export function readTracing(env: Environment, defaultServiceName: string): Setting<TracingSettings | null> {
  const { value, problems } = readVariables(env, TRACING_VARIABLES);
  if (problems) return { problems };
  const base = value.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/*$/, '/v1/traces');
  const url = value.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? base;
  if (url === undefined || value.OTEL_SDK_DISABLED) return { value: null };
  return { value: { url, headers: value.OTEL_EXPORTER_OTLP_HEADERS, defaultServiceName } };
}
