/** docker-compose.yml as docker compose itself would read it: merged, interpolated, checked against the Compose Specification. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Ajv } from 'ajv';
import { parse, type CollectionTag } from 'yaml';
import { z } from 'zod';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const COMPOSE = readFileSync(`${ROOT}docker-compose.yml`, 'utf8');
export const CLUSTER = readFileSync(`${ROOT}deploy/temporal/cluster.yml`, 'utf8');
export const EXAMPLE_ENV = readFileSync(`${ROOT}.env.example`, 'utf8');

/** The forms that the file uses; another one fails here and wants its rule first. */
const service = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  pull_policy: z.string().optional(),
  profiles: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default(['default']),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
      start_period: z.string(),
    })
    .optional(),
  restart: z.string(),
  stop_grace_period: z.string().default('10s'),
  user: z.string().optional(),
  init: z.boolean().default(false),
  read_only: z.boolean().default(false),
  tmpfs: z.string().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  deploy: z.strictObject({ replicas: z.number() }).optional(),
});

const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()).default({}),
  networks: z.record(z.string(), z.unknown()).default({}),
});

export type Service = z.output<typeof service>;
export type Compose = z.output<typeof composeFile>;

/** Throws an error that names what is wrong first: a variable without a value, a breach of the specification, a form unknown here. */
export function readCompose(text: string, env: Readonly<Record<string, string | undefined>>, over?: string): Compose {
  const read = (file: string): unknown => parse(file, { merge: true, mapAsMap: false, customTags: [OVERRIDE] });
  const interpolated = interpolate(over === undefined ? read(text) : merged(read(text), read(over)), env);
  const problems = breachesOfSpecification(interpolated);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return composeFile.parse(interpolated);
}

const overriding = new WeakSet<object>();

/** `!override`: instead of what the file below says, not beside it. */
const OVERRIDE: CollectionTag = {
  tag: '!override',
  collection: 'seq',
  resolve: (sequence) => {
    const { toJSON } = sequence as { toJSON: (...args: unknown[]) => object };
    Object.assign(sequence, {
      toJSON: (...args: unknown[]) => {
        const list = toJSON.apply(sequence, args);
        overriding.add(list);
        return list;
      },
    });
    return sequence;
  },
};

/** One file over another, as docker compose lays them: mappings by key, lists one after the other, commands replaced. */
function merged(below: unknown, above: unknown, key = ''): unknown {
  if (Array.isArray(below) && Array.isArray(above)) {
    return overriding.has(above) || ['command', 'entrypoint', 'test'].includes(key)
      ? above
      : [...(below as unknown[]), ...(above as unknown[])];
  }
  if (!isMapping(below) || !isMapping(above)) return above;
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(
    keys.map((name) => [
      name,
      name in above && name in below ? merged(below[name], above[name], name) : (above[name] ?? below[name]),
    ]),
  );
}

const isMapping = (node: unknown): node is Record<string, unknown> =>
  typeof node === 'object' && node !== null && !Array.isArray(node);

const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(specification());

function specification(): Record<string, unknown> {
  const text = readFileSync(new URL('compose-spec/compose-spec.json', import.meta.url), 'utf8');
  // The schema's own name for its draft differs in the scheme of the address from the one that ajv knows.
  return {
    ...z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
    $schema: 'http://json-schema.org/draft-07/schema#',
  };
}

function breachesOfSpecification(document: unknown): string[] {
  return validate(document) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

const REFERENCE = /\$(?:(\$)|\{([A-Za-z_]\w*)(?:(:[-?])([^}]*))?\}|)/g;

/** `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` in every value, as the specification says; empty counts as not set. */
export function interpolate(node: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  if (Array.isArray(node)) return node.map((item) => interpolate(item, env));
  if (typeof node === 'object' && node !== null) {
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolate(value, env)]));
  }
  if (typeof node !== 'string') return node;
  return node.replace(REFERENCE, (reference, dollar?: string, name?: string, operator?: string, rest?: string) => {
    if (dollar !== undefined) return '$';
    if (name === undefined) throw new Error(`"${node}" has a $ that starts no variable`);
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    if (operator === ':-') return rest ?? '';
    throw new Error(
      operator === ':?' ? `${name} is required: ${rest}` : `${name} has neither a value nor a default (${reference})`,
    );
  });
}

/** The names of all variables that the file mentions. */
export function variablesOf(text: string): string[] {
  const mentioned = [...text.replaceAll(/^\s*#.*$/gm, '').matchAll(REFERENCE)].flatMap(([, , name]) => name ?? []);
  return [...new Set(mentioned)].sort();
}

/** What a `.env` file sets, and what it names in a comment as `# NAME=default`. */
export function readEnvFile(text: string): { set: Record<string, string | undefined>; optional: string[] } {
  return {
    set: { ...parseEnv(text) },
    optional: [...text.matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm)].flatMap(([, name]) => name ?? []),
  };
}
