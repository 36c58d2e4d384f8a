/** A PostgreSQL of this machine's own package, its data in a folder. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { cleanEnvironment } from '../src/stack/clean-environment.js';
import { Part } from '../src/stack/part.js';
import type { Processes } from '../src/stack/processes.js';
import { Missing } from './missing.js';
import { POSTGRES } from './versions.js';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** The folder of `initdb` and `postgres`, on `PATH` or where Debian puts them, the latest version first; undefined when there is none. */
export function installedPostgres(env: NodeJS.ProcessEnv = process.env, debian = DEBIAN): string | undefined {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...versions.map((version) => join(debian, version, 'bin'))];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

/** As `installedPostgres`, but throws `Missing`, also for one that is too old. */
export async function usablePostgres(env: NodeJS.ProcessEnv = process.env, debian = DEBIAN): Promise<string> {
  const how =
    `Temporal's tables want PostgreSQL ${POSTGRES.oldest} or later: install it (Debian: apt-get install postgresql; ` +
    'elsewhere put the folder of initdb and postgres on PATH).';
  const folder = installedPostgres(env, debian);
  if (folder === undefined) throw new Missing(`No PostgreSQL was found on PATH or in ${debian}. ${how}`);
  const { stdout } = await run(join(folder, 'postgres'), ['--version']);
  const version = Number(/ (\d+)/.exec(stdout)?.[1]);
  if (!(version >= POSTGRES.oldest)) throw new Missing(`${folder} has ${stdout.trim()}. ${how}`);
  return folder;
}

/** Whom PostgreSQL may run as, since it refuses root: undefined for who we are. */
export async function unprivileged(): Promise<{ uid: number; gid: number; name: string } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string, user: string): Promise<number> => Number((await run('id', [flag, user])).stdout);
  const name = await id('-u', 'postgres').then(
    () => 'postgres',
    () => 'nobody',
  );
  return { uid: await id('-u', name), gid: await id('-g', name), name };
}

export interface PostgresOptions {
  binaries: string;
  folder: string;
  port: number;
  connections: number;
  processes: Processes;
}

export class Postgres {
  private constructor(
    private readonly server: Part,
    private readonly port: number,
  ) {}

  /** Makes the data at the first call on a folder. Settles once it answers. */
  static async start({ binaries, folder, port, connections, processes }: PostgresOptions): Promise<Postgres> {
    const user = await unprivileged();
    const data = join(folder, 'postgres');
    await makeData(binaries, folder, data, user);
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: connections,
    };
    const server = new Part(processes, {
      spec: {
        name: 'postgres',
        command: join(binaries, 'postgres'),
        args: [
          '-D',
          data,
          '-p',
          String(port),
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        env: cleanEnvironment(process.env, false),
        cwd: data,
        // Fast mode: what is open is rolled back, what is done is written.
        endsBy: 'SIGINT',
        ...(user && { user: { uid: user.uid, gid: user.gid } }),
      },
      ready: (signal) => answering(urlOf(port, 'postgres'), signal),
      comesBack: false,
    });
    await server.start();
    return new Postgres(server, port);
  }

  url(database: string): string {
    return urlOf(this.port, database);
  }

  pid(): number {
    const { pid } = this.server;
    if (pid === undefined) throw new Error('PostgreSQL has not been started.');
    return pid;
  }

  /** Immediate mode: sessions are cut and nothing is written; the next start recovers from the log, as after a crash. */
  async restart(): Promise<void> {
    await this.server.kill('SIGQUIT');
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}

async function makeData(
  binaries: string,
  folder: string,
  data: string,
  user: Awaited<ReturnType<typeof unprivileged>>,
): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return;
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (user !== undefined) {
    // Temporary folders are closed to others; this lets the other user through, not look in.
    await chmod(folder, (await stat(folder)).mode | 0o111);
    await chown(data, user.uid, user.gid);
  }
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  await run(join(binaries, 'initdb'), args, {
    cwd: '/',
    env: cleanEnvironment(process.env, false),
    ...(user && { uid: user.uid, gid: user.gid }),
  }).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    const hint = user
      ? ` PostgreSQL does not run as root, so it runs as ${user.name}, who must be able to reach ${folder}: choose a folder outside of /root.`
      : '';
    throw new Error(`PostgreSQL could not make its data in ${data}: ${said}.${hint}`);
  });
}

function urlOf(port: number, database: string): string {
  return `postgresql://postgres@127.0.0.1:${port}/${database}`;
}

async function answering(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return void (await onServer(url, 'SELECT 1'));
    } catch {
      await pause(50);
    }
  }
}

/** Runs one statement on a connection of its own. */
export async function onServer(url: string, statement: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url });
  // A server that ends tells open connections so; the statement fails by itself.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}
