/** How settings are read from the environment: by zod schemas, secrets also from files, every problem told in one line. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that cannot be used. The message has one line a problem, each naming its variable; none shows a secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** A setting that was read, or why it cannot be, one line a problem. */
export type Setting<T> = { value: T; problems?: undefined } | { value?: undefined; problems: string[] };

/** What a variable can be set to, for the line that says it is set wrongly. */
export const EXAMPLES = z.registry<{ example: string }>();

/** Variables that hold a secret: each is also read from the file that `NAME_FILE` names. Drivers mark theirs by `.meta({ secret: true })`. */
const SECRETS = new Set([
  'ATLAS_API_KEY',
  'ATLAS_PREVIOUS_API_KEYS',
  'COUNTERSIGN_TOKEN',
  'GATEWAY_TOKENS',
  'PAYLOAD_KEYS',
  'TENANT_PAYLOAD_KEYS',
  'TEMPORAL_API_KEY',
]);

/**
 * Reads the variables that `shape` names; of several problems with one variable the first is told. `neededBy` is said of those that are
 * not set.
 */
export function readVariables<Shape extends Record<string, z.ZodType>>(
  env: Environment,
  shape: Shape,
  neededBy = '',
): Setting<z.output<z.ZodObject<Shape>>> {
  const problems: string[] = [];
  const told = new Set<string>();
  const raw: Record<string, string | undefined> = {};
  for (const name of Object.keys(shape)) {
    const read = readVariable(env, name, isSecret(name, shape[name]));
    if (read.problem === undefined) {
      raw[name] = read.value;
    } else {
      problems.push(read.problem);
      told.add(name);
    }
  }
  const parsed = z.object(shape).safeParse(raw);
  if (parsed.success && problems.length === 0) return { value: parsed.data };

  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (told.has(name)) continue;
    told.add(name);
    const schema = shape[name];
    const example = schema && exampleOf(schema);
    const what = raw[name] === undefined ? `is not set${neededBy}` : issue.message;
    problems.push(`${name}: ${what}${example ? `; for example ${name}=${example}` : ''}`);
  }
  return { problems };
}

/** Whether the variable may also be given as a file, by `NAME_FILE`. */
export function isSecret(name: string, schema: z.ZodType | undefined): boolean {
  return SECRETS.has(name) || schema?.meta()?.['secret'] === true;
}

function exampleOf(schema: z.ZodType): string | undefined {
  const own = schema.meta()?.['example'];
  return EXAMPLES.get(schema)?.example ?? (typeof own === 'string' ? own : undefined);
}

/** The value of one variable; empty counts as not set, since compose files pass unset ones on as empty. */
export function readVariable(
  env: Environment,
  name: string,
  secret = SECRETS.has(name),
): { value: string | undefined; problem?: undefined } | { problem: string } {
  const value = env[name]?.trim() || undefined;
  const file = secret ? env[`${name}_FILE`]?.trim() : undefined;
  if (!file) return { value };
  if (value !== undefined) return { problem: `${name}: is set, and so is ${name}_FILE; set only one of them` };
  try {
    const content = readFileSync(file, 'utf8').trim();
    return content === ''
      ? { problem: `${name}_FILE: ${file} is empty; for example ${name}_FILE=/run/secrets/${name.toLowerCase()}` }
      : { value: content };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const why = WHY_UNREADABLE[code] ?? '';
    return {
      problem: `${name}_FILE: ${file} cannot be read (${code})${why}; for example ${name}_FILE=/run/secrets/${name.toLowerCase()}`,
    };
  }
}

const WHY_UNREADABLE: Partial<Record<string, string>> = {
  ENOENT: ': it is not there',
  EACCES: ': this process’s user may not',
  EISDIR: ': it is a folder',
};
