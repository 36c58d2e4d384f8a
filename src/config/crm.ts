/** The settings of the chosen CRM, read as its driver asks for them. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { z } from 'zod';
import type { ConfiguredCrm, CrmDriver, SettingsReader } from '../crm/driver.js';
import { CRM_DRIVERS } from '../crm/drivers.js';
import type { CrmNotifications } from '../crm/intake.js';
import { readVariables, type Environment, type Setting } from './environment.js';

/** The variables that choose a CRM and its mapping file. */
interface Chosen {
  CRM: string;
  CRM_MAPPING: string;
}

/** What worker, set-up and commands need of the chosen CRM. */
export function readCrm(env: Environment, chosen: Chosen): Setting<ConfiguredCrm> {
  return driverOf(chosen).configure(readerFor(env, chosen));
}

/** What the gateway needs of it; null where it sends no notifications of its own. */
export function readCrmNotifications(env: Environment, chosen: Chosen): Setting<CrmNotifications | null> {
  return driverOf(chosen).listen?.(readerFor(env, chosen)) ?? { value: null };
}

function driverOf({ CRM: name }: Chosen): CrmDriver {
  const driver = CRM_DRIVERS.find((candidate) => candidate.name === name);
  if (!driver) throw new Error(`there is no CRM driver ${name}`);
  return driver;
}

function readerFor(env: Environment, chosen: Chosen): SettingsReader {
  return {
    variables: (shape) => readVariables(env, shape, `, but CRM=${chosen.CRM} needs it`),
    mapping: (schema) => readMapping(chosen.CRM_MAPPING, schema),
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
