/** Every variable of this version, each with what it must look like, its default and an example. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readDuration } from './duration.js';
import { EXAMPLES } from './environment.js';
import { readTokens } from './tokens.js';

function variable<Schema extends z.ZodType>(example: string, schema: Schema): Schema {
  EXAMPLES.add(schema, { example });
  return schema;
}

const port = (fallback: number) =>
  variable(
    String(fallback),
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535 (0: any free one)')
      .transform(Number)
      .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535 (0: any free one)')
      .default(fallback),
  );

const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be a web address (http: or https:)' })
  .refine((text) => !/[?#]/.test(text), 'must have no query and no fragment')
  .refine((text) => !/^https?:\/\/[^/]*@/.test(text), 'must hold no user name or password')
  .transform((text) => text.replace(/\/+$/, ''));

const yesOrNo = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

const folder = z.string().transform((text) => resolve(text));

const DAY_MS = 24 * 3_600_000;

const duration = z.string().transform((text, context) => {
  const milliseconds = readDuration(text);
  if (milliseconds !== undefined && milliseconds <= DAY_MS) return milliseconds;
  const message = 'must be a duration of more than nothing and at most a day, with its unit';
  context.issues.push({ code: 'custom', message, input: text });
  return z.NEVER;
});

const apiKey = z.string().regex(/^[\x21-\x7e]+$/, 'must be one line without spaces');

/** A folder by `file:./relative`, `file:/absolute` or `file:///absolute`. */
const documentStore = z
  .string()
  .refine((text) => !/^s3:/i.test(text), 's3: is not supported yet')
  .regex(/^(file:(\/\/\/|(?!\/\/))|s3:)./i, 'must be file: with a folder')
  .transform((text) => ({
    folder: /^file:\/\//i.test(text) ? fileURLToPath(text) : resolve(text.slice('file:'.length)),
  }));

const crm = z
  .enum(['postgres', 'http', 'hubspot', 'salesforce'], 'must be postgres or http')
  .refine((name) => name !== 'hubspot' && name !== 'salesforce', 'is not supported yet; use postgres or http')
  .transform((name) => (name === 'http' ? name : ('postgres' as const)));

const tokens = z.string().transform((text, context) => {
  const read = readTokens(text);
  if (read.problem === undefined) return read.tokens;
  context.issues.push({ code: 'custom', message: read.problem, input: text });
  return z.NEVER;
});

export const VARIABLES = {
  TASK_QUEUE: variable(
    'countersign',
    z
      .string()
      .regex(/^[A-Za-z0-9._:/-]{1,200}$/, 'must be 1 to 200 letters, digits or . _ : / -')
      .default('countersign'),
  ),
  ATLAS_BASE_URL: variable('https://atlaswork.ai', webAddress.default('https://atlaswork.ai')),
  ATLAS_API_KEY: variable('the API key of your Atlas account', apiKey),
  ATLAS_PREVIOUS_API_KEYS: variable(
    'old-key-1,old-key-2',
    z
      .string()
      .transform((text) => text.split(',').map((key) => key.trim()))
      .pipe(z.array(apiKey))
      .default([]),
  ),
  PUBLIC_URL: variable('https://countersign.example.com', webAddress.optional()),
  TEMPORAL_UI_URL: variable('https://temporal.example.com', webAddress.optional()),
  HOST: variable(
    '127.0.0.1',
    z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an IP address, without a port')
      .default('127.0.0.1'),
  ),
  PORT: port(8080),
  METRICS_PORT: port(9464),
  DOCUMENT_TYPES: variable(
    './document-types.json',
    folder.default(() => resolve('document-types.json')),
  ),
  DOCUMENT_STORE: variable(
    'file:./data/documents',
    documentStore.default(() => ({ folder: resolve('data/documents') })),
  ),
  DOCUMENT_ROOT: variable(
    './data',
    folder.default(() => resolve('data')),
  ),
  ALLOW_PRIVATE_DOCUMENT_HOSTS: variable('false', yesOrNo.default(false)),
  CRM: variable('postgres', crm.default('postgres')),
  DATABASE_URL: variable(
    'postgresql://user:password@localhost:5432/countersign',
    z
      .string()
      .regex(/^postgres(ql)?:\/\/./, 'must be a PostgreSQL address')
      .optional(),
  ),
  CRM_URL: variable('https://crm.example.com/countersign', webAddress.optional()),
  CRM_SECRET: variable(
    'the secret shared with the CRM',
    z.string().min(16, 'must have at least 16 characters').optional(),
  ),
  GATEWAY_TOKENS: variable('crm:shop:7f0c…,operator:anna:93be…', tokens.optional()),
  OIDC_ISSUER: variable(
    'https://login.example.com/',
    z.url({ protocol: /^https?$/, error: 'must be the issuer’s web address' }).optional(),
  ),
  OIDC_AUDIENCE: variable('countersign', z.string().max(500).optional()),
  OIDC_ROLES_CLAIM: variable('roles', z.string().max(500).default('roles')),
  COUNTERSIGN_URL: variable('https://countersign.example.com', webAddress.optional()),
  COUNTERSIGN_TOKEN: variable(
    'a token of GATEWAY_TOKENS',
    z
      .string()
      .regex(/^[A-Za-z0-9._~+/=-]+$/, 'must be one bearer token, without spaces')
      .optional(),
  ),
  NODE_ENV: variable('production', z.string().default('development')),
  READ_BACK_FIRST: variable('15 minutes', duration.default(15 * 60_000)),
  CREDIT_BUDGET: variable(
    '50',
    z
      .string()
      .regex(/^[1-9]\d{0,8}$/, 'must be a whole number of sends a day, from 1 (leave it out for no budget)')
      .transform(Number)
      .optional(),
  ),
  REDACT_PII: variable(
    'true',
    yesOrNo.refine((redact) => redact, 'false is not supported yet: personal data never reaches a log').default(true),
  ),
};
