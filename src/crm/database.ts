/** One way to SQL for both databases: a `pg` pool, over TCP to a real PostgreSQL or over memory to the embedded one. */
import { resolve } from 'node:path';
import pg from 'pg';
import { openEmbedded } from './embedded.js';

export interface Queryable {
  /** Runs one statement and answers its rows. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** All of `work` or nothing; statements that take longer than 10 s (or the setting) are cancelled. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Lends one connection without the time bounds of the others: for migrations. */
  session<T>(use: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Gives back connections and, for an embedded database, its folder. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * `url` opens a real PostgreSQL, `folder` an embedded one that lives there and belongs to this process until closed: whoever opens the same
 * folder again shares it, and the last to close gives it back.
 */
export type DatabaseSettings = ({ url: string } | { folder: string }) & { statementMs?: number };

const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
/** Beyond the server's own bound on a statement: met only when the server no longer answers at all. */
const SILENCE_MS = 2_000;

/** An unreachable server shows at the first statement, not here. Throws `CrmError` when the embedded folder is in use. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const { statementMs = STATEMENT_MS } = settings;
  return 'url' in settings ? openServer(settings.url, statementMs) : openFolder(settings.folder, statementMs);
}

function openServer(url: string, statementMs: number): Database {
  const config = { connectionString: url, connectionTimeoutMillis: CONNECT_MS, keepAlive: true };
  const pool = new pg.Pool({
    ...config,
    application_name: 'countersign',
    max: 10,
    query_timeout: statementMs + SILENCE_MS,
  });
  outliveLostConnections(pool);
  return overPool(pool, statementMs, {
    async session(use) {
      const client = new pg.Client({ ...config, application_name: 'countersign setup' });
      client.on('error', ignoreLostConnection);
      await client.connect();
      try {
        return await use(client);
      } finally {
        await client.end();
      }
    },
    close: () => pool.end(),
  });
}

async function openFolder(folder: string, statementMs: number): Promise<Database> {
  const { pool, leave } = await shareEmbedded(resolve(folder));
  return overPool(pool, statementMs, {
    async session(use) {
      const client = await pool.connect();
      try {
        return await use(client);
      } finally {
        client.release();
      }
    },
    close: leave,
  });
}

interface SharedPool {
  users: number;
  opening: Promise<{ pool: pg.Pool; end(): Promise<void> }>;
}

/** By folder. */
const shared = new Map<string, SharedPool>();

/** The pool is shared and not only the database: its queue keeps the transactions of all users of the one session apart. */
async function shareEmbedded(folder: string): Promise<{ pool: pg.Pool; leave: () => Promise<void> }> {
  const found = shared.get(folder) ?? { users: 0, opening: openPool(folder) };
  shared.set(folder, found);
  found.users += 1;
  async function leave(): Promise<void> {
    found.users -= 1;
    if (found.users > 0) return;
    // Whoever opens the folder from now on waits for its lock.
    if (shared.get(folder) === found) shared.delete(folder);
    await (await found.opening).end();
  }
  try {
    return { pool: (await found.opening).pool, leave };
  } catch (error) {
    if (shared.get(folder) === found) shared.delete(folder);
    throw error;
  }
}

async function openPool(folder: string): Promise<{ pool: pg.Pool; end(): Promise<void> }> {
  const embedded = await openEmbedded(folder);
  // One connection: the embedded server has a single session.
  const pool = new pg.Pool({ stream: () => embedded.connection(), max: 1, idleTimeoutMillis: 0, user: 'postgres' });
  outliveLostConnections(pool);
  return {
    pool,
    async end() {
      await pool.end();
      await embedded.close();
    },
  };
}

function overPool(pool: pg.Pool, statementMs: number, rest: Pick<Database, 'session' | 'close'>): Database {
  let closed: Promise<void> | undefined;
  return {
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await pool.query<Row>(text, [...values])).rows;
    },
    transaction: (work) => transaction(pool, statementMs, work),
    session: (use) => rest.session(use),
    close: () => (closed ??= rest.close()),
  };
}

async function transaction<T>(pool: pg.Pool, statementMs: number, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let unsure = false;
  try {
    // SET LOCAL and not a connection parameter, which poolers such as PgBouncer refuse.
    await client.query(`BEGIN; SET LOCAL statement_timeout = ${statementMs}`);
    const result = await work({
      async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
        return (await client.query<Row>(text, [...values])).rows;
      },
    });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // Only a server that answered can be asked to roll back; any other connection is dropped, which rolls back too.
    unsure = !(error instanceof pg.DatabaseError);
    if (!unsure) await client.query('ROLLBACK').catch(() => (unsure = true));
    throw error;
  } finally {
    client.release(unsure);
  }
}

function outliveLostConnections(pool: pg.Pool): void {
  pool.on('error', ignoreLostConnection);
  pool.on('connect', (client) => client.on('error', ignoreLostConnection));
}

/** Without a listener a connection lost between two statements would end the process; the next statement tells anyway. */
function ignoreLostConnection(): void {}
