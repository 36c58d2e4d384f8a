/** Every variable of this version, each with what it must look like, its default and an example. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CRM_DRIVERS } from '../crm/drivers.js';
import type { StoreSettings } from '../documents/store.js';
import { DEPLOYMENT_VARIABLES } from './deployment.js';
import { readDuration } from './duration.js';
import { EXAMPLES } from './environment.js';
import { readPayloadKeys, readTenantPayloadKeys } from './payload-keys.js';
import { readTokens } from './tokens.js';

function variable<Schema extends z.ZodType>(example: string, schema: Schema): Schema {
  EXAMPLES.add(schema, { example });
  return schema;
}

const portNumber = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535 (0: any free one)')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535 (0: any free one)');

const port = (fallback: number) => variable(String(fallback), portNumber.default(fallback));

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

/** A minute at most: whoever stops a process kills it some time. */
const drainTime = z.string().transform((text, context) => {
  const milliseconds = text === '0' ? 0 : readDuration(text);
  if (milliseconds !== undefined && milliseconds <= 60_000) return milliseconds;
  const message = 'must be a duration of at most a minute, with its unit, or 0';
  context.issues.push({ code: 'custom', message, input: text });
  return z.NEVER;
});

const apiKey = z.string().regex(/^[\x21-\x7e]+$/, 'must be one line without spaces');

/** A folder by `file:./relative`, `file:/absolute` or `file:///absolute`, or `s3://bucket/prefix`. */
const documentStore = z
  .string()
  .regex(
    /^(file:(\/\/\/|(?!\/\/)).|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$))/i,
    'must be file: with a folder, or s3: with a bucket and a prefix (s3://contracts/signed)',
  )
  .transform((text): StoreSettings => {
    const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(text) ?? [];
    if (bucket !== undefined) return { kind: 's3', bucket, prefix: prefix.replace(/\/+$/, '') };
    return {
      kind: 'file',
      folder: /^file:\/\//i.test(text) ? fileURLToPath(text) : resolve(text.slice('file:'.length)),
    };
  });

const crm = z.enum(
  CRM_DRIVERS.map(({ name }) => name),
  `must be one of ${CRM_DRIVERS.map(({ name }) => name).join(', ')}`,
);

const tokens = z.string().transform((text, context) => {
  const read = readTokens(text);
  if (read.problem === undefined) return read.tokens;
  context.issues.push({ code: 'custom', message: read.problem, input: text });
  return z.NEVER;
});

/** Names of networks that stand for themselves: this machine, and those that the internet does not reach. */
const PROXY_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

function isProxy(text: string): boolean {
  if (PROXY_NETWORKS.includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  return (
    isIP(address) !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= most))
  );
}

const payloadKeys = (read: typeof readPayloadKeys) =>
  z.string().transform((text, context) => {
    const { keys, problem } = { keys: undefined, ...read(text) };
    if (keys) return keys;
    context.issues.push({ code: 'custom', message: problem ?? '', input: text });
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
  HEALTH_PORT: variable('9465', portNumber.optional()),
  DRAIN_TIME: variable('5 seconds', drainTime.optional()),
  ...DEPLOYMENT_VARIABLES,
  WORKER_MAX_CACHED_WORKFLOWS: variable(
    '700',
    z
      .string()
      .regex(/^[1-9]\d{0,4}$/, 'must be a whole number of deals, from 1 to 99999')
      .transform(Number)
      .default(700),
  ),
  DOCUMENT_TYPES: variable(
    './document-types.json',
    folder.default(() => resolve('document-types.json')),
  ),
  DOCUMENT_STORE: variable(
    'file:./data/documents',
    documentStore.default((): StoreSettings => ({ kind: 'file', folder: resolve('data/documents') })),
  ),
  DOCUMENT_ROOT: variable(
    './data',
    folder.default(() => resolve('data')),
  ),
  S3_ENDPOINT: variable('https://s3.eu-central-1.example.com', webAddress.optional()),
  ALLOW_PRIVATE_DOCUMENT_HOSTS: variable('false', yesOrNo.default(false)),
  CRM: variable('postgres', crm.default('postgres')),
  CRM_MAPPING: variable(
    './crm.json',
    folder.default(() => resolve('crm.json')),
  ),
  CRM_BACKFILL_EVERY: variable('5 minutes', duration.optional()),
  GATEWAY_TOKENS: variable('crm:shop:7f0c…,operator:anna:93be…', tokens.optional()),
  TRUST_PROXY: variable(
    '10.0.0.7,192.168.4.0/24',
    z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine(
        (parts) => parts.every(isProxy),
        `must be a list of addresses, networks (10.0.0.0/8) or ${PROXY_NETWORKS.join(', ')}`,
      )
      .default([]),
  ),
  OIDC_ISSUER: variable(
    'https://login.example.com/',
    z.url({ protocol: /^https?$/, error: 'must be the issuer’s web address' }).optional(),
  ),
  OIDC_AUDIENCE: variable('countersign', z.string().max(500).optional()),
  OIDC_ROLES_CLAIM: variable('roles', z.string().max(500).default('roles')),
  PAYLOAD_KEYS: variable('2026-01:$(openssl rand -base64 32)', payloadKeys(readPayloadKeys).default([])),
  TENANT_PAYLOAD_KEYS: variable(
    'acme=acme-2026:$(openssl rand -base64 32)',
    payloadKeys(readTenantPayloadKeys).default([]),
  ),
  CODEC_CORS_ORIGIN: variable(
    'https://temporal.example.com',
    webAddress
      .refine(
        (text) => URL.canParse(text) && new URL(text).origin === text,
        'must be an origin: no path behind the host',
      )
      .optional(),
  ),
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
