/** `DOCUSIGN_*`: the account of an e-sign vendor that deals can go by, and whose audit feeds are read. All of it is optional. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readPrivateKey } from '../docusign/private-key.js';
import { FEEDS, type DocusignEnvironment, type DocusignSettings, type SinkSettings } from '../docusign/settings.js';
import { readDuration } from './duration.js';
import { readVariables, SettingsError, type Environment, type Setting } from './environment.js';

/** DocuSign's own hosts by environment (its pages on authentication and on going live). */
export const DOCUSIGN_HOSTS: Readonly<Record<DocusignEnvironment, { auth: string; monitor: string; admin: string }>> = {
  developer: {
    auth: 'https://account-d.docusign.com',
    monitor: 'https://lens-d.docusign.net',
    admin: 'https://api-d.docusign.net',
  },
  production: {
    auth: 'https://account.docusign.com',
    monitor: 'https://lens.docusign.net',
    admin: 'https://api.docusign.net',
  },
};
/** The organization's stream is at another host than lens. */
const ORGANIZATION_STREAM: Readonly<Record<DocusignEnvironment, string>> = {
  developer: 'https://api-d.docusign.com',
  production: 'https://api.docusign.com',
};

const WEEK_MS = 7 * 24 * 3_600_000;

const guid = (what: string, example: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, `must be ${what}: a GUID`)
    .meta({ example });

const address = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be a web address (http: or https:)' })
    .refine((text) => !/[?#]|^https?:\/\/[^/]*@/.test(text), 'must have no query, fragment, user name or password')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .meta({ example });

const count = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,4}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((value) => value <= most, `must be at most ${most}`)
    .default(most)
    .meta({ example: String(most) });

const parts = z.string().transform((text) => text.split(',').map((part) => part.trim()));

const privateKey = z
  .string()
  .refine((text) => {
    try {
      return readPrivateKey(text).type === 'private';
    } catch {
      return false;
    }
  }, 'must be an unencrypted RSA private key of 2,048 bits or more in PEM (PKCS#1 or PKCS#8), as DocuSign shows it once')
  .meta({ example: '-----BEGIN RSA PRIVATE KEY-----…', secret: true });

/** `postgres`, `file:` with a path, or the `https:` address of an HTTP log collector. */
const sink = z
  .string()
  .regex(
    /^(postgres$|file:(\/\/\/|(?!\/\/)).|https?:\/\/.)/i,
    'must be postgres, file: with a path, or the https: address of a log collector',
  )
  .transform((text): SinkSettings => {
    if (/^postgres$/i.test(text)) return { kind: 'postgres' };
    if (/^https?:/i.test(text)) return { kind: 'http', url: text, token: null };
    const path = /^file:\/\//i.test(text) ? fileURLToPath(text) : resolve(text.slice('file:'.length));
    return { kind: 'file', path };
  })
  .default({ kind: 'postgres' })
  .meta({ example: 'postgres' });

export const DOCUSIGN_VARIABLES = {
  DOCUSIGN_ENV: z
    .enum(['developer', 'production'], 'must be developer or production')
    .default('developer')
    .meta({ example: 'developer' }),
  DOCUSIGN_INTEGRATION_KEY: guid('the integration key', '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f'),
  DOCUSIGN_USER_ID: guid('the id of the user the key acts for', '1f2f3f4f-83c3-4940-af5e-cda8a50dd73f'),
  DOCUSIGN_PRIVATE_KEY: privateKey,
  DOCUSIGN_REDIRECT_URL: z
    .url({ protocol: /^https?$/, error: 'must be a web address that is registered with the key' })
    .optional()
    .meta({ example: 'https://countersign.example.com/' }),
  DOCUSIGN_ACCOUNT_ID: guid('the id of the account', '5f5f5f5f-83c3-4940-af5e-cda8a50dd73f').optional(),
  DOCUSIGN_ORGANIZATION_ID: guid('the id of the organization', '9f9f9f9f-83c3-4940-af5e-cda8a50dd73f').optional(),
  DOCUSIGN_CONNECT_KEYS: parts
    .pipe(z.array(z.string().regex(/^[\x21-\x7e]+$/, 'must be a comma list of HMAC keys')))
    .default([])
    .meta({ example: 'new-hmac-key,old-hmac-key', secret: true }),
  DOCUSIGN_FEEDS: parts
    .pipe(z.array(z.enum(FEEDS, `must be a comma list of ${FEEDS.join(', ')}`)))
    .default([])
    .meta({ example: FEEDS.join(',') }),
  DOCUSIGN_MAX_EVENTS: count(2000),
  DOCUSIGN_MAX_USERS: count(1250),
  DOCUSIGN_MONITOR_API: z
    .enum(['v2', 'organization'], 'must be v2 or organization')
    .default('v2')
    .meta({ example: 'v2' }),
  DOCUSIGN_LOOK_BACK: z
    .string()
    .transform((text, context) => {
      const milliseconds = readDuration(text);
      if (milliseconds !== undefined && milliseconds <= WEEK_MS) return milliseconds;
      context.issues.push({ code: 'custom', message: 'must be a duration of at most 7 days', input: text });
      return z.NEVER;
    })
    .default(WEEK_MS)
    .meta({ example: '7 days' }),
  DOCUSIGN_AUTH_URL: address('https://account-d.docusign.com'),
  DOCUSIGN_MONITOR_URL: address('https://lens-d.docusign.net'),
  DOCUSIGN_ADMIN_URL: address('https://api-d.docusign.net'),
  DOCUSIGN_ESIGN_URL: address('https://demo.docusign.net'),
  DOCUSIGN_SINK: sink,
  DOCUSIGN_SINK_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be one line without spaces')
    .optional()
    .meta({ example: 'the token of the log collector', secret: true }),
  DOCUSIGN_TRUST_ANY_CERTIFICATE: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(false)
    .meta({ example: 'false' }),
  DOCUSIGN_FOLDER: z
    .string()
    .transform((text) => resolve(text))
    .default(() => resolve('data/docusign'))
    .meta({ example: './data/docusign' }),
};

type Values = z.output<z.ZodObject<typeof DOCUSIGN_VARIABLES>>;

/** All but the folder, which says where and not that DocuSign is used; a secret may come from a file. */
const NAMES = Object.keys(DOCUSIGN_VARIABLES)
  .filter((name) => name !== 'DOCUSIGN_FOLDER')
  .flatMap((name) => [name, `${name}_FILE`]);

/** Null where no variable of DocuSign's is set. */
export function readDocusign(env: Environment): Setting<DocusignSettings | null> {
  const unknown = Object.keys(env).filter(
    (name) => /^DOCUSIGN_(?!FOLDER$)/.test(name) && !NAMES.includes(name) && env[name]?.trim(),
  );
  const first = [...NAMES, ...unknown].find((name) => env[name]?.trim());
  if (first === undefined) return { value: null };
  const problems = unknown.map(
    (name) => `${name}: is not known; known are ${Object.keys(DOCUSIGN_VARIABLES).join(', ')}`,
  );
  const read = readVariables(env, DOCUSIGN_VARIABLES, `, but ${first} is`);
  const { value: values } = read;
  problems.push(...(read.problems ?? []), ...(values ? problemsTogether(values) : []));
  if (!values || problems.length > 0) return { problems };
  return { value: settingsOf(values) };
}

/** For the commands that are about DocuSign alone. Throws `SettingsError`. */
export function readDocusignSettings(env: Environment): DocusignSettings {
  const { value, problems } = readDocusign(env);
  if (problems) throw new SettingsError(problems);
  if (value) return value;
  const example = 'DOCUSIGN_INTEGRATION_KEY=7c2b8d7e-83c3-4940-af5e-cda8a50dd73f';
  throw new SettingsError([`DOCUSIGN_INTEGRATION_KEY: is not set; for example ${example}`]);
}

function problemsTogether(values: Values): string[] {
  const problems: string[] = [];
  const { DOCUSIGN_FEEDS: feeds, DOCUSIGN_ORGANIZATION_ID: organization, DOCUSIGN_SINK_TOKEN: token } = values;
  const needy = feeds.includes('audit-users')
    ? 'DOCUSIGN_FEEDS=audit-users'
    : values.DOCUSIGN_MONITOR_API === 'organization' && feeds.length > 0
      ? 'DOCUSIGN_MONITOR_API=organization'
      : undefined;
  if (needy !== undefined && organization === undefined) {
    const example = 'DOCUSIGN_ORGANIZATION_ID=9f9f9f9f-83c3-4940-af5e-cda8a50dd73f';
    problems.push(`DOCUSIGN_ORGANIZATION_ID: is not set, but ${needy} needs it; for example ${example}`);
  }
  if (token !== undefined && values.DOCUSIGN_SINK.kind !== 'http') {
    problems.push(
      'DOCUSIGN_SINK_TOKEN: is for a log collector only; for example DOCUSIGN_SINK=https://logs.example.com/',
    );
  }
  const known = Object.values(DOCUSIGN_HOSTS).flatMap((hosts) => Object.values(hosts));
  known.push(...Object.values(ORGANIZATION_STREAM));
  for (const name of ['DOCUSIGN_AUTH_URL', 'DOCUSIGN_MONITOR_URL', 'DOCUSIGN_ADMIN_URL'] as const) {
    const written = values[name];
    if (written === undefined || !/\bdocusign\.(com|net)$/i.test(new URL(written).hostname)) continue;
    if (!known.includes(written.toLowerCase()))
      problems.push(`${name}: ${written} is no host of DocuSign's that is known; known are ${known.join(', ')}`);
  }
  return problems;
}

function settingsOf(values: Values): DocusignSettings {
  const { DOCUSIGN_ENV: environment, DOCUSIGN_MONITOR_API: monitorApi, DOCUSIGN_SINK: chosen } = values;
  const hosts = DOCUSIGN_HOSTS[environment];
  const monitor = monitorApi === 'v2' ? hosts.monitor : ORGANIZATION_STREAM[environment];
  return {
    environment,
    integrationKey: values.DOCUSIGN_INTEGRATION_KEY,
    userId: values.DOCUSIGN_USER_ID,
    privateKey: values.DOCUSIGN_PRIVATE_KEY,
    redirectUrl: values.DOCUSIGN_REDIRECT_URL ?? null,
    accountId: values.DOCUSIGN_ACCOUNT_ID ?? null,
    organizationId: values.DOCUSIGN_ORGANIZATION_ID ?? null,
    urls: {
      auth: values.DOCUSIGN_AUTH_URL ?? hosts.auth,
      monitor: values.DOCUSIGN_MONITOR_URL ?? monitor,
      admin: values.DOCUSIGN_ADMIN_URL ?? hosts.admin,
      esign: values.DOCUSIGN_ESIGN_URL ?? null,
    },
    connectKeys: values.DOCUSIGN_CONNECT_KEYS,
    feeds: [...new Set(values.DOCUSIGN_FEEDS)],
    maxEvents: values.DOCUSIGN_MAX_EVENTS,
    maxUsers: values.DOCUSIGN_MAX_USERS,
    monitorApi,
    firstLookBackMs: values.DOCUSIGN_LOOK_BACK,
    sink: chosen.kind === 'http' ? { ...chosen, token: values.DOCUSIGN_SINK_TOKEN ?? null } : chosen,
    trustAnyCertificate: values.DOCUSIGN_TRUST_ANY_CERTIFICATE,
    folder: values.DOCUSIGN_FOLDER,
  };
}
