/** The settings of the chosen CRM, read as its driver asks for them. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { z } from 'zod';
import type { ConfiguredCrm, CrmDriver, SettingsReader } from '../crm/driver.js';
import { CRM_DRIVERS } from '../crm/drivers.js';
import type { CrmNotifications } from '../crm/intake.js';
import { readVariables, type Environment, type Setting } from './environment.js';

/** Values that the reading of every CRM's settings needs. */
interface Common {
  CRM: string;
  CRM_MAPPING: string;
  PUBLIC_URL?: string | undefined;
  PORT: number;
}

/** What worker, set-up and commands need of the chosen CRM. */
export function readCrm(env: Environment, common: Common): Setting<ConfiguredCrm> {
  return driverOf(common).configure(readerFor(env, common));
}

/** What the gateway needs of it; null where it sends no notifications of its own. */
export function readCrmNotifications(env: Environment, common: Common): Setting<CrmNotifications | null> {
  return driverOf(common).listen?.(readerFor(env, common)) ?? { value: null };
}

function driverOf({ CRM: name }: Common): CrmDriver {
  const driver = CRM_DRIVERS.find((candidate) => candidate.name === name);
  if (!driver) throw new Error(`there is no CRM driver ${name}`);
  return driver;
}

export function publicUrlOf({ PUBLIC_URL, PORT }: Pick<Common, 'PUBLIC_URL' | 'PORT'>): string {
  return PUBLIC_URL ?? `http://localhost:${PORT}`;
}

function readerFor(env: Environment, common: Common): SettingsReader {
  return {
    publicUrl: publicUrlOf(common),
    variables: (shape) => readVariables(env, shape, `, but CRM=${common.CRM} needs it`),
    mapping: (schema) => readMapping(common.CRM_MAPPING, schema),
  };
}

function readMapping<Schema extends z.ZodType>(path: string, schema: Schema): Setting<z.output<Schema>> {
  const near = relative('', path);
  const shown = near.startsWith('..') ? path : near;
  const problem = (what: string): string => `CRM_MAPPING: ${shown}: ${what}`;
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { problems: [problem(`${unreadable(error)}; docs/crm.md has an example`)] };
  }
  const read = schema.safeParse(written);
  if (read.success) return { value: read.data };
  return {
    problems: read.error.issues.flatMap(linesOf).map((line) => problem(line)),
  };
}

function linesOf(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${[...issue.path, key].map(String).join('.')} is not known`);
  return [at ? `${at} ${issue.message}` : issue.message];
}

function unreadable(error: unknown): string {
  if (error instanceof SyntaxError) return 'is no valid JSON';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
}
