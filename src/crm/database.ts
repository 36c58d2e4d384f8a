/** One way to SQL for both databases: a `pg` pool, over TCP to a real PostgreSQL or over memory to the embedded one. */
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

/** `url` opens a real PostgreSQL, `folder` an embedded one that lives there and belongs to this process until closed. */
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
  const embedded = await openEmbedded(folder);
  // One connection: the embedded server has a single session, so the pool's queue keeps transactions apart.
  const pool = new pg.Pool({ stream: () => embedded.connection(), max: 1, idleTimeoutMillis: 0, user: 'postgres' });
  return overPool(pool, statementMs, {
    async session(use) {
      const client = await pool.connect();
      try {
        return await use(client);
      } finally {
        client.release();
      }
    },
    async close() {
      await pool.end();
      await embedded.close();
    },
  });
}

function overPool(pool: pg.Pool, statementMs: number, rest: Pick<Database, 'session' | 'close'>): Database {
  pool.on('error', ignoreLostConnection);
  pool.on('connect', (client) => client.on('error', ignoreLostConnection));
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

/** Without a listener a connection lost between two statements would end the process; the next statement tells anyway. */
function ignoreLostConnection(): void {}
