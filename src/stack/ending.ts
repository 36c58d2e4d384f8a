import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Somebody asked this process to end, by Ctrl-C for instance. */
export class AskedToEnd extends Error {
  override readonly name = 'AskedToEnd';

  constructor(readonly signal: (typeof SIGNALS)[number]) {
    super(`Asked to end (${signal}).`);
  }

  /** As shells report an end by signal. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/** Aborted with `AskedToEnd` at the first such signal, so that this process can clean up; the second ends it at once. */
export function endingSignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const asked = new AskedToEnd(signal);
      if (ending.signal.aborted) process.exit(asked.exitCode);
      ending.abort(asked);
    });
  }
  return ending.signal;
}

/** Settles as the promise does, or rejects with the signal's reason once it is aborted. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([promise, aborted]);
}
