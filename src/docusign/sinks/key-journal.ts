/** What a log collector has taken, by key: a file of this machine, since the collector cannot be asked. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FEEDS, type Feed } from '../settings.js';
import { codeOf } from './codes.js';
import { KeyWindow } from './key-window.js';
import type { Log } from '../log.js';
import { isThere } from './turned-over.js';
import { wholeLines } from './whole-lines.js';

export interface KeyJournalLimits {
  /** How many keys, the latest, are remembered. */
  keys: number;
  /** A file of this size becomes the one before, whose predecessor is deleted. */
  fileBytes: number;
}

const LIMITS: KeyJournalLimits = { keys: 200_000, fileBytes: 8 * 1024 * 1024 };

/**
 * Two files in `folder`, for one collector each. Several processes may share them: each reads again what another has added. A journal that
 * cannot be read or written is told in the log and forgets, at worst, what it should have remembered: rows are then sent again.
 */
export class KeyJournal {
  readonly #folder: string;
  readonly #path: string;
  readonly #log: Log;
  readonly #limits: KeyJournalLimits;
  #keys: KeyWindow;
  /** What the file was like when it was last read or written by us. */
  #known = '';

  constructor(folder: string, collector: string, log: Log, limits: Partial<KeyJournalLimits> = {}) {
    const name = createHash('sha256').update(collector).digest('hex').slice(0, 8);
    this.#folder = folder;
    this.#path = join(folder, `collector-${name}.ndjson`);
    this.#log = log;
    this.#limits = { ...LIMITS, ...limits };
    this.#keys = new KeyWindow(this.#limits.keys);
  }

  has(feed: Feed, key: string): boolean {
    return this.#keys.has(feed, key);
  }

  /** Learns what other processes, or this one before it was started, have added. */
  async refresh(): Promise<void> {
    try {
      const now = await this.#state();
      if (now === this.#known) return;
      const keys = new KeyWindow(this.#limits.keys);
      for (const path of [this.#before, this.#path]) {
        if (await isThere(path)) for await (const { text } of wholeLines(path)) learn(keys, text);
      }
      this.#keys = keys;
      this.#known = now;
    } catch (error) {
      this.#log.warn(
        { code: codeOf(error) },
        'the journal of the log collector cannot be read: rows may be sent again',
      );
    }
  }

  /** Remembers the keys for good. */
  async add(feed: Feed, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#keys.add(feed, key);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const file = await open(this.#path, 'a', 0o600);
      try {
        // The line break before ends what a killed process has begun.
        await file.appendFile(`\n${JSON.stringify([feed, ...keys])}\n`);
        await file.datasync();
        if ((await file.stat()).size >= this.#limits.fileBytes) await rename(this.#path, this.#before);
      } finally {
        await file.close();
      }
      this.#known = await this.#state();
    } catch (error) {
      this.#log.warn(
        { code: codeOf(error) },
        'the journal of the log collector cannot be written: rows may be sent again',
      );
    }
  }

  get #before(): string {
    return `${this.#path}.1`;
  }

  async #state(): Promise<string> {
    const parts = [this.#before, this.#path].map((path) =>
      stat(path).then(
        ({ ino, size }) => `${ino} ${size}`,
        (error: unknown) => {
          if (codeOf(error) === 'ENOENT') return '';
          throw error;
        },
      ),
    );
    return (await Promise.all(parts)).join(' ');
  }
}

function learn(keys: KeyWindow, line: string): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return;
  }
  const [name, ...added] = Array.isArray(value) ? (value as unknown[]) : [];
  const feed = FEEDS.find((known) => known === name);
  if (feed !== undefined) for (const key of added) if (typeof key === 'string') keys.add(feed, key);
}
