/** A throw-away PostgreSQL: one that `DATABASE_URL_TEST` names, or a cluster of its own from the installed binaries. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../src/stack/ports.js';

export interface ThrowAwayPostgres {
  /** Of an empty database. */
  url: string;
  stop(): Promise<void>;
}

/** Where tests would get a PostgreSQL from; undefined when there is none (Debian: `apt-get install postgresql`). */
export function postgresAtHand(): { url: string } | { binaries: string } | undefined {
  const url = process.env['DATABASE_URL_TEST'];
  if (url) return { url };
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions.map((v) => join(debian, v, 'bin'))];
  const binaries = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
  return binaries === undefined ? undefined : { binaries };
}

export async function aPostgres(): Promise<ThrowAwayPostgres> {
  const found = postgresAtHand();
  if (!found) throw new Error('no PostgreSQL found: install it or set DATABASE_URL_TEST');
  return 'url' in found ? aDatabaseAt(found.url) : aCluster(found.binaries);
}

async function aDatabaseAt(server: string): Promise<ThrowAwayPostgres> {
  const name = `countersign_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => onServer(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function aCluster(binaries: string): Promise<ThrowAwayPostgres> {
  const owner = await unprivileged();
  const folder = await mkdtemp(join(tmpdir(), 'countersign-postgres-'));
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  await promisify(execFile)(join(binaries, 'initdb'), initdb, { ...owner, cwd: folder });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=30'];
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...owner, cwd: folder, stdio: 'ignore' },
  );
  const killWithUs = () => server.kill('SIGQUIT');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    // Fast shutdown: sessions still open are ended.
    if (server.exitCode === null && server.kill('SIGINT')) await once(server, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await answering(url, server).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

/** PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | { uid?: never; gid?: never }> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string, user: string) => Number((await promisify(execFile)('id', [flag, user])).stdout);
  const user = await id('-u', 'postgres').then(
    () => 'postgres',
    () => 'nobody',
  );
  return { uid: await id('-u', user), gid: await id('-g', user) };
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (const until = Date.now() + 60_000; ;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode} at its start`);
    try {
      return await onServer(url, 'SELECT 1');
    } catch (error) {
      if (Date.now() > until) throw error;
      await pause(50);
    }
  }
}
