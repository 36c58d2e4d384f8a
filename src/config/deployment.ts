/** Which build of Countersign a worker runs, and whether Temporal keeps deals to it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { EXAMPLES, type Setting } from './environment.js';

export interface Build {
  /** Null where neither the build nor `BUILD_ID` says it. */
  id: string | null;
  /** The Worker Deployment of Temporal that this build is a version of; null for a worker without versions. */
  deployment: { name: string; buildId: string } | null;
}

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, 'must be 1 to 100 letters, digits or _ -')
  .optional();
EXAMPLES.add(name, { example: 'countersign' });

const buildId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be 1 to 100 letters, digits or . _ -')
  .optional();
EXAMPLES.add(buildId, { example: '4f2c9d1e07ab' });

export const DEPLOYMENT_VARIABLES = { WORKER_DEPLOYMENT: name, BUILD_ID: buildId };

/** `baked` is what the build itself says of its commit. */
export function buildOf(
  { WORKER_DEPLOYMENT, BUILD_ID }: { WORKER_DEPLOYMENT?: string | undefined; BUILD_ID?: string | undefined },
  baked: string | null = bakedBuildId(),
): Setting<Build> {
  const id = BUILD_ID ?? baked;
  if (WORKER_DEPLOYMENT === undefined) return { value: { id, deployment: null } };
  if (id !== null) return { value: { id, deployment: { name: WORKER_DEPLOYMENT, buildId: id } } };
  return {
    problems: [
      'BUILD_ID: is not set, and this build does not know its commit, but WORKER_DEPLOYMENT is set; for example BUILD_ID=4f2c9d1e07ab',
    ],
  };
}

/** Written by scripts/bundle.mjs beside what is built; null where it did not know the commit, and when the sources run as they are. */
function bakedBuildId(): string | null {
  try {
    return readFileSync(new URL('../build-id', import.meta.url), 'utf8').trim() || null;
  } catch {
    return null;
  }
}
