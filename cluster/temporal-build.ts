/** Temporal server and its schema tool, built from their Go module and kept in the user's cache. */
import { execFile } from 'node:child_process';
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { takeLock } from '../src/files/lock.js';
import { cacheFolder } from '../src/stack/cache-folder.js';
import type { Processes } from '../src/stack/processes.js';
import { Missing } from './missing.js';
import { TEMPORAL } from './versions.js';

const run = promisify(execFile);

const PACKAGES = { server: 'cmd/server', sql: 'cmd/tools/sql' } as const;
const SCHEMAS = 'schema/postgresql/v12';
/** A build on a busy machine takes a quarter of an hour. */
const PATIENCE_MS = 60 * 60_000;
const TELL_EVERY_MS = 15_000;

export interface TemporalBuild {
  server: string;
  sqlTool: string;
  /** Folder of the tables' versions, by database: `<schemas>/temporal/versioned`. */
  schemas: string;
}

export interface BuildOptions {
  processes: Processes;
  say: (line: string) => void;
  env?: NodeJS.ProcessEnv;
  /** Aborting it ends the build. */
  signal?: AbortSignal;
}

/** The build that is cached, or undefined. */
export async function cachedBuild(env: NodeJS.ProcessEnv = process.env): Promise<TemporalBuild | undefined> {
  const build = buildIn(homeOf(env));
  // The folder appears by a rename, complete or not at all.
  return access(build.server).then(
    () => build,
    () => undefined,
  );
}

/**
 * The cached build; made first where there is none, which takes five minutes or more. Of two that want it at once, the second waits.
 * Throws `Missing` where Go is not there, and an Error when the module or what was built is not what is pinned.
 */
export async function temporalBuild(options: BuildOptions): Promise<TemporalBuild> {
  const { env = process.env } = options;
  const cached = await cachedBuild(env);
  if (cached !== undefined) return cached;
  const go = await usableGo(env);
  await mkdir(cacheFolder(env), { recursive: true });
  const release = await takeLock(`${homeOf(env)}.lock`, PATIENCE_MS);
  try {
    return (await cachedBuild(env)) ?? (await build(go, { ...options, env }));
  } finally {
    await release();
  }
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), `temporal-server-${TEMPORAL.version}`);
}

function buildIn(folder: string): TemporalBuild {
  return { server: join(folder, 'server'), sqlTool: join(folder, 'sql'), schemas: join(folder, 'schema') };
}

async function build(
  go: string,
  { processes, say, env, signal }: BuildOptions & { env: NodeJS.ProcessEnv },
): Promise<TemporalBuild> {
  const home = homeOf(env);
  const work = await mkdtemp(`${home}.`);
  try {
    say(`Fetching ${TEMPORAL.module}@v${TEMPORAL.version}`);
    const module = await fetchModule(go, env, work);
    say(`Building Temporal ${TEMPORAL.version} from source, once: five minutes or more on two cores`);
    await install(go, work, { processes, say, env, ...(signal && { signal }) });
    for (const name of Object.keys(PACKAGES)) await isPinned(go, join(work, name));
    await copyTree(join(module, SCHEMAS), join(work, 'schema'));
    await copyFile(join(module, 'LICENSE'), join(work, 'LICENSE'));
    await rename(work, home);
    say(`Temporal ${TEMPORAL.version} is built and kept in ${home}`);
    return buildIn(home);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Answers the module's folder. Go itself holds what it downloads against its checksum database. */
async function fetchModule(go: string, env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const { stdout } = await run(go, ['mod', 'download', '-json', `${TEMPORAL.module}@v${TEMPORAL.version}`], {
    env,
    cwd,
  }).catch((error: unknown) => {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(`Go could not fetch ${TEMPORAL.module}@v${TEMPORAL.version}: ${said.trim() || String(error)}`);
  });
  const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
  if (Sum !== TEMPORAL.sum) throw new Error(`${TEMPORAL.module} has the checksum ${Sum}, not ${TEMPORAL.sum}: refused`);
  return Dir;
}

async function install(go: string, into: string, { processes, say, env, signal }: BuildOptions): Promise<void> {
  const packages = Object.values(PACKAGES).map((path) => `${TEMPORAL.module}/${path}@v${TEMPORAL.version}`);
  const begun = Date.now();
  const building = await processes.start({
    name: 'go-install',
    command: go,
    args: ['install', '-v', ...packages],
    env: { ...env, GOBIN: into },
    cwd: into,
  });
  const stop = (): void => building.signal('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  const from = (await readFile(building.logFile)).length;
  // With -v, Go writes the name of each package that it compiles.
  const log = async (): Promise<string[]> =>
    (await readFile(building.logFile)).subarray(from).toString().split('\n').filter(Boolean);
  while (!building.hasEnded()) {
    await Promise.race([building.ended, pause(TELL_EVERY_MS, undefined, { ref: false })]);
    const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
    if (!building.hasEnded()) say(`  ${(await log()).length} of some 2,000 packages compiled, ${minutes} min`);
  }
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  const { code, signal: killed } = await building.ended;
  if (code !== 0) {
    const words = (await log()).slice(-15).join('\n  ');
    throw new Error(`go install ended (${killed ?? `exit code ${code}`}). Its last words:\n  ${words}`);
  }
}

/** Throws unless the executable says that it was built from the pinned module. */
async function isPinned(go: string, executable: string): Promise<void> {
  const { stdout } = await run(go, ['version', '-m', executable]);
  if (!stdout.includes(`mod\t${TEMPORAL.module}\tv${TEMPORAL.version}\t${TEMPORAL.sum}`)) {
    throw new Error(
      `${executable} was not built from ${TEMPORAL.module} v${TEMPORAL.version} (${TEMPORAL.sum}): refused`,
    );
  }
}

/** `go` of `PATH`, if it can build Temporal. */
export async function usableGo(env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], { env }).catch(() => {
    throw new Missing(`There is no Go on PATH. ${HOW_TO_GET_GO}`);
  });
  const [version = '', toolchain = ''] = stdout.trim().split('\n');
  // Any other setting lets an older Go fetch the one that the module asks for.
  if (isOlder(version.replace(/^go/, ''), TEMPORAL.go) && toolchain === 'local') {
    throw new Missing(`The Go on PATH is ${version}, and GOTOOLCHAIN=local keeps it there. ${HOW_TO_GET_GO}`);
  }
  return 'go';
}

const HOW_TO_GET_GO =
  `Building Temporal ${TEMPORAL.version} takes Go ${TEMPORAL.go} or later: ` +
  'install it from https://go.dev/dl/ and put its bin folder on PATH.';

function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [mine, theirs] = [numbers(version), numbers(than)];
  const at = theirs.findIndex((number, index) => (mine[index] ?? 0) !== number);
  return at >= 0 && (mine[at] ?? 0) < (theirs[at] ?? 0);
}

/** Go keeps its modules read-only; the copy can be deleted again. */
async function copyTree(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
    await chmod(target, 0o644);
  }
}
