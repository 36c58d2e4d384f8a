/** The document types file while it is being used: a change of it counts within a second, for deals that start from then on. */
import { statSync } from 'node:fs';
import type { Policy } from '../deal/policy.js';
import { readDocumentTypes } from './document-types.js';
import type { Setting } from './environment.js';

export interface LiveOptions {
  /** Hears once of every change that was taken up, and of every one that was not. */
  log: LiveLog;
  /** What stands against policies that could be read, in the words of settings; nothing by default. */
  problemsOf?: (policies: ReadonlyMap<string, Policy>) => string[];
  /** Milliseconds that never run backwards; for tests. */
  now?: () => number;
}

export interface LiveLog {
  info: (line: string) => void;
  warn: (line: string) => void;
}

/** For processes that have no log yet: what was taken up can be seen in what it does. */
export const ON_STDERR: LiveLog = {
  info: () => undefined,
  warn: (line) => void process.stderr.write(`${line}\n`),
};

const LOOK_EVERY_MS = 1_000;

/**
 * The policies of the file at `path` as it is: looked at, when it is asked for, at most once a second. A file that has become unreadable or
 * wrong leaves the last good policies in force. Problems at the first reading are answered, as `readDocumentTypes` does.
 */
export function liveDocumentTypes(
  path: string,
  readBackFirstMs: number,
  options: LiveOptions,
): Setting<ReadonlyMap<string, Policy>> {
  const before = lookAt(path);
  const first = readDocumentTypes(path, readBackFirstMs);
  return first.value ? { value: new LivePolicies(path, readBackFirstMs, first.value, before, options) } : first;
}

class LivePolicies implements ReadonlyMap<string, Policy> {
  private policies: ReadonlyMap<string, Policy>;
  private seen: Look;
  private lookedAt: number;
  /** The problems that were told last; null while the file is good. */
  private told: string | null = null;
  private readonly now: () => number;

  constructor(
    private readonly path: string,
    private readonly readBackFirstMs: number,
    first: ReadonlyMap<string, Policy>,
    seen: Look,
    private readonly options: LiveOptions,
  ) {
    this.policies = first;
    this.seen = seen;
    this.now = options.now ?? (() => performance.now());
    this.lookedAt = this.now();
  }

  get size(): number {
    return this.current().size;
  }
  get(documentType: string): Policy | undefined {
    return this.current().get(documentType);
  }
  has(documentType: string): boolean {
    return this.current().has(documentType);
  }
  keys(): MapIterator<string> {
    return this.current().keys();
  }
  values(): MapIterator<Policy> {
    return this.current().values();
  }
  entries(): MapIterator<[string, Policy]> {
    return this.current().entries();
  }
  [Symbol.iterator](): MapIterator<[string, Policy]> {
    return this.entries();
  }
  forEach(each: (policy: Policy, documentType: string, all: ReadonlyMap<string, Policy>) => void): void {
    for (const [documentType, policy] of this.current()) each(policy, documentType, this);
  }

  private current(): ReadonlyMap<string, Policy> {
    const now = this.now();
    if (now - this.lookedAt < LOOK_EVERY_MS) return this.policies;
    this.lookedAt = now;
    const look = lookAt(this.path);
    if (look.settled && look.signature === this.seen.signature && this.seen.settled) return this.policies;
    this.seen = look;
    this.read();
    return this.policies;
  }

  private read(): void {
    const { log, problemsOf = () => [] } = this.options;
    const { value, problems = value ? problemsOf(value) : [] } = readDocumentTypes(this.path, this.readBackFirstMs);
    if (value && problems.length === 0) {
      const changed = JSON.stringify([...value]) !== JSON.stringify([...this.policies]);
      if (changed || this.told !== null) log.info('DOCUMENT_TYPES: the file has changed, and counts for new deals');
      this.policies = value;
      this.told = null;
      return;
    }
    const words = problems.join('; ');
    if (words === this.told) return;
    this.told = words;
    log.warn(`${words}; what stood there before goes on to count`);
  }
}

/** What the file system says of a file; `settled` when a change from now on cannot leave the same signature. */
interface Look {
  signature: string;
  settled: boolean;
}

/** Coarser than the clock of any file system in use. */
const TICK_MS = 2_000;

function lookAt(path: string): Look {
  try {
    const { mtimeNs, mtimeMs, size, ino } = statSync(path, { bigint: true });
    return { signature: `${mtimeNs} ${size} ${ino}`, settled: Date.now() - Number(mtimeMs) > TICK_MS };
  } catch (error) {
    return { signature: error instanceof Error && 'code' in error ? String(error.code) : 'gone', settled: true };
  }
}
