import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SinkError, type Delivered, type FeedEntry } from '../rows.js';
import type { Feed } from '../settings.js';
import { codeOf } from './codes.js';
import { lockFile } from './file-lock.js';
import { KeyWindow } from './key-window.js';
import { entryOf, lineOf } from './lines.js';
import type { Log } from '../log.js';
import { turnedOver, turnOver } from './turned-over.js';
import { wholeLines } from './whole-lines.js';

export interface EventFileLimits {
  /** How many keys, the latest, are known of the file and the one before it. */
  keys: number;
  /** A file of this size is turned over before the next delivery. */
  fileBytes: number;
  /** How long to wait for another process to let go of the file. */
  patienceMs: number;
}

const LIMITS: EventFileLimits = { keys: 200_000, fileBytes: 64 * 1024 * 1024, patienceMs: 5_000 };
/** Rows are personal. A file that is there already keeps its mode: whoever ships it may be of a group. */
const MODE = 0o600;

/** An NDJSON file that this process has to itself, with the keys of its latest rows. After an error it must be closed and opened anew. */
export class EventFile {
  readonly #path: string;
  readonly #limits: EventFileLimits;
  readonly #keys: KeyWindow;
  readonly #release: () => Promise<void>;
  #handle: FileHandle;

  private constructor(path: string, limits: EventFileLimits, release: () => Promise<void>, handle: FileHandle) {
    this.#path = path;
    this.#limits = limits;
    this.#keys = new KeyWindow(limits.keys);
    this.#release = release;
    this.#handle = handle;
  }

  /** Makes the file and its folder when missing. Throws `SinkError` when another process has it, and as the file system does. */
  static async open(path: string, log: Log, limits: Partial<EventFileLimits>): Promise<EventFile> {
    const all = { ...LIMITS, ...limits };
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const release = await lockFile(`${path}.lock`, all.patienceMs);
    let handle: FileHandle | undefined;
    try {
      handle = await openPlain(path, MODE);
      const file = new EventFile(path, all, release, handle);
      await file.#readBack(log);
      return file;
    } catch (error) {
      await handle?.close();
      await release();
      throw error;
    }
  }

  /** Settles once the rows that are new are on disk. */
  async append(feed: Feed, entries: readonly FeedEntry[]): Promise<Delivered> {
    const fresh = new Map<string, string>();
    for (const entry of entries) {
      if (!this.#keys.has(feed, entry.key) && !fresh.has(entry.key)) fresh.set(entry.key, lineOf(feed, entry));
    }
    if (fresh.size > 0) {
      await this.#makeRoom();
      await this.#handle.appendFile([...fresh.values()].join(''));
      await this.#handle.datasync();
      for (const key of fresh.keys()) this.#keys.add(feed, key);
    }
    return { written: fresh.size, repeated: entries.length - fresh.size };
  }

  async close(): Promise<void> {
    await this.#handle.close().finally(this.#release);
  }

  /** Learns which rows are there, and cuts off what a process that was killed has left behind of a line. */
  async #readBack(log: Log): Promise<void> {
    const [before] = (await turnedOver(this.#path)).slice(-1);
    let unreadable = 0;
    let end = 0;
    for (const path of [...(before === undefined ? [] : [before]), this.#path]) {
      end = 0;
      for await (const line of wholeLines(path)) {
        const read = entryOf(line.text);
        if (read) this.#keys.add(read.feed, read.entry.key);
        else unreadable += 1;
        ({ end } = line);
      }
    }
    if (unreadable > 0) log.warn({ lines: unreadable }, 'the file of DOCUSIGN_SINK has lines that are no rows');
    const { size } = await this.#handle.stat();
    if (end < size) await this.#setAside(end, size, log);
    // Lines of a process that was killed before it synced them count as delivered from now on.
    await this.#handle.sync();
    await syncFolder(this.#path);
  }

  async #setAside(from: number, to: number, log: Log): Promise<void> {
    const torn = Buffer.alloc(to - from);
    await this.#handle.read(torn, 0, torn.length, from);
    const aside = await open(`${this.#path}.torn`, 'a', MODE);
    try {
      await aside.appendFile(Buffer.concat([torn, Buffer.from('\n')]));
      await aside.sync();
    } finally {
      await aside.close();
    }
    await this.#handle.truncate(from);
    log.warn(
      { bytes: torn.length },
      'cut a torn last line off the file of DOCUSIGN_SINK; it is kept in the file that ends in .torn',
    );
  }

  /** Turns a full file over, and follows when somebody else has moved it away, as logrotate does. */
  async #makeRoom(): Promise<void> {
    const held = await this.#handle.stat();
    const named = await stat(this.#path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    const isHeld = named !== undefined && named.ino === held.ino && named.dev === held.dev;
    if (isHeld && held.size < this.#limits.fileBytes) return;
    if (isHeld) await turnOver(this.#path);
    const next = await openPlain(this.#path, held.mode & 0o777);
    const full = this.#handle;
    this.#handle = next;
    await full.close();
    await syncFolder(this.#path);
  }
}

async function openPlain(path: string, mode: number): Promise<FileHandle> {
  const handle = await open(path, 'a+', mode);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new SinkError('refused', 'DOCUSIGN_SINK names something that is no plain file.');
}

/** A new name survives a power cut only once its folder is synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}
