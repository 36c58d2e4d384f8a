/** What a folder keeps of its cluster from one start to the next. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../src/stack/ports.js';
import { portNames, servicesOf, type Places } from './configuration.js';

interface Kept {
  /** How the tables were cut at the first start: Temporal cannot change it. */
  shards: number;
  ports: Record<string, number>;
}

/**
 * Ports for all processes, those of the last start where they are free. Throws when the folder was made with another number of shards.
 * With no `shards` given it is that of the folder.
 */
export async function places(folder: string, each: number, shards: number | undefined, usual: number): Promise<Places> {
  const file = join(folder, 'cluster.json');
  const kept = await read(file);
  if (kept !== undefined && shards !== undefined && kept.shards !== shards) {
    throw new Error(
      `The cluster in ${folder} was made with ${kept.shards} history shards, which is for life: ask for ${kept.shards}, or take another folder.`,
    );
  }
  const ports = await freePorts(portNames(servicesOf(each)), kept?.ports);
  const now: Kept = { shards: kept?.shards ?? shards ?? usual, ports: { ...kept?.ports, ...ports } };
  await writeFile(file, `${JSON.stringify(now, null, 2)}\n`);
  return { shards: now.shards, ports };
}

async function read(file: string): Promise<Kept | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Kept;
  } catch (error) {
    throw new Error(`${file} cannot be read. Take another folder, or delete this one to begin anew.`, { cause: error });
  }
}
