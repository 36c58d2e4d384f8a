import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts, isFree } from './ports.js';

const PORTS = ['gateway', 'sandbox', 'bucket', 'metrics', 'temporal', 'temporalUi'] as const;
export type PortName = (typeof PORTS)[number];

const ROLES = ['crm', 'viewer', 'reviewer', 'operator'] as const;
export type TokenRole = (typeof ROLES)[number];

const port = z.number().int().min(1).max(65_535);
const schema = z.object({
  /** Tells this stack from others that share its Temporal server. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  ports: z.record(z.enum(PORTS), port),
  tokens: z.record(z.enum(ROLES), z.string().min(16)),
  atlasKey: z.string().min(16),
});

/** What the parts of a stack must agree on, and still agree on when the stack runs again on the same data. */
export type KeptSettings = z.output<typeof schema>;

const LETTING_GO_MS = 15_000;

/**
 * The settings that `dataDir` keeps; made at the first call, with the `wanted` ports where they are free.
 * Throws when the ports of an earlier run stay taken: most likely that run still goes on, and two must not share a folder.
 */
export async function keptSettings(dataDir: string, wanted: Partial<Record<PortName, number>>): Promise<KeptSettings> {
  const file = join(dataDir, 'stack.json');
  const kept = await read(file);
  if (kept !== null) {
    await whenFree(kept, file);
    return kept;
  }
  const secret = (): string => randomBytes(24).toString('hex');
  const settings: KeptSettings = {
    id: randomBytes(4).toString('hex'),
    ports: await freePorts(PORTS, wanted),
    tokens: { crm: secret(), viewer: secret(), reviewer: secret(), operator: secret() },
    atlasKey: secret(),
  };
  await writeFile(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return settings;
}

async function read(file: string): Promise<KeptSettings | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} cannot be read. Delete it to have new ports and tokens chosen.`, { cause: error });
  }
}

/** An earlier run that was killed takes a moment to let go of its ports. */
async function whenFree(kept: KeptSettings, file: string): Promise<void> {
  const deadline = Date.now() + LETTING_GO_MS;
  for (const [name, number] of Object.entries(kept.ports)) {
    while (!(await isFree(number))) {
      if (Date.now() > deadline) {
        throw new Error(
          `Port ${number} (${name}) is taken. If another run uses this folder, stop it; else delete ${file} to have new ports chosen.`,
        );
      }
      await wait(200);
    }
  }
}
