/** What V8's CPU profiles say of a worker's JavaScript. Temporal's native part does not show in them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const profileSchema = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

const LINES = 15;

export interface Profiled {
  /** As the summary calls the process. */
  name: string;
  pid: number;
}

/** Arguments of Node that make a process leave its profiles in the folder when it ends; none without a folder. */
export function profilingTo(folder: string | null): string[] {
  return folder === null ? [] : ['--cpu-prof', '--cpu-prof-dir', folder];
}

/** The parts of the program that took most CPU time by themselves, over all threads of the process. */
export async function whereTimeGoes(folder: string, { name, pid }: Profiled): Promise<string> {
  const files = (await readdir(folder)).filter((file) => file.split('.').includes(String(pid)));
  const byPart = new Map<string, number>();
  for (const file of files) {
    const profile = profileSchema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    const partOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
    profile.samples.forEach((id, index) => {
      const part = partOf.get(id);
      if (part === undefined) return;
      byPart.set(part, (byPart.get(part) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
    });
  }
  const sorted = [...byPart].sort(([, a], [, b]) => b - a);
  const all = sorted.reduce((sum, [, ms]) => sum + ms, 0);
  const lines = sorted
    .slice(0, LINES)
    .map(([part, ms]) => `${ms.toFixed(0).padStart(8)} ms ${((ms / all) * 100).toFixed(1).padStart(5)} %  ${part}`);
  return [`JavaScript of the ${name} (${files.length} threads, ${all.toFixed(0)} ms), by where it was:`, ...lines].join(
    '\n',
  );
}

/** Package or own folder, since single functions are too many to tell anything. Waiting is left out. */
function nameOf({ functionName, url }: { functionName: string; url: string }): string | undefined {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  if (url === '') return functionName.startsWith('(') ? functionName : 'built into V8';
  if (url.startsWith('node:')) return `Node: ${url.slice('node:'.length).split('/')[0] ?? ''}`;
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const inPackage = /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path)?.[1];
  return inPackage ?? /dist[\\/]([^\\/]+)/.exec(path)?.[1] ?? path;
}
