/**
 * PostgreSQL inside the process (PGlite), reached by the ordinary `pg` client: a stream that hands the client's wire
 * messages to PGlite and its answers back. So both databases run the same SQL through the same driver.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Duplex } from 'node:stream';
import { PGlite } from '@electric-sql/pglite';
import { CrmError } from './crm.js';
import { lockFolder } from './folder-lock.js';

/** Name of the folder, within its home, that holds the database once it is whole. */
export const EMBEDDED_FILES = 'pgdata';

export interface Embedded {
  /** A fresh wire to the one session there is. */
  connection(): Duplex;
  close(): Promise<void>;
}

/** Makes the folder and the database in it when missing. Throws `CrmError` when it is open already: `openDatabase` shares it within a process. */
export async function openEmbedded(folder: string): Promise<Embedded> {
  const home = resolve(folder);
  await mkdir(home, { recursive: true }).catch((error: unknown) => {
    throw new CrmError('unavailable', 'The folder of the embedded database cannot be made: check its permissions.', {
      cause: error,
    });
  });
  const release = await lockFolder(home);
  try {
    const db = await PGlite.create(await madeIn(home));
    return {
      connection: () => new Wire(db),
      async close() {
        await db.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw new CrmError('unavailable', 'The embedded database does not open: its folder may be damaged.', {
      cause: error,
    });
  }
}

/** The files of the database, made aside and then named: a process killed while it makes them leaves no half database. */
async function madeIn(home: string): Promise<string> {
  const files = join(home, EMBEDDED_FILES);
  if (existsSync(files)) return files;
  const draft = `${files}.part`;
  await rm(draft, { recursive: true, force: true });
  await (await PGlite.create(draft)).close();
  await rename(draft, files);
  return files;
}

class Wire extends Duplex {
  readonly #db: PGlite;

  constructor(db: PGlite) {
    super();
    this.#db = db;
  }

  /** The client treats the stream as a socket that it connects. */
  connect(): this {
    // A connection that was dropped in the middle of a transaction left it open in the one session.
    this.#db.exec('ROLLBACK').then(
      () => this.emit('connect'),
      (error: unknown) => this.destroy(asError(error)),
    );
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(message: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#db.execProtocolRaw(message).then(
      (answer) => {
        if (answer.length > 0) this.push(Buffer.from(answer));
        done();
      },
      (error: unknown) => done(asError(error)),
    );
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
