/** Real time; a test may put its own in. */
export interface Clock {
  now(): Date;
}

export const realClock: Clock = { now: () => new Date() };

/** Timers that all end together when the sandbox stops. */
export class Timers {
  private readonly running = new Set<NodeJS.Timeout>();
  stopped = false;

  /** Runs `work` after `ms` real milliseconds, unless cancelled or stopped before. Returns the cancel. */
  after(ms: number, work: () => void): () => void {
    if (this.stopped) return () => undefined;
    // setTimeout fires at once above 2^31 - 1.
    const timer = setTimeout(
      () => {
        this.running.delete(timer);
        work();
      },
      Math.min(Math.max(0, ms), 2 ** 31 - 1),
    );
    this.running.add(timer);
    return () => {
      clearTimeout(timer);
      this.running.delete(timer);
    };
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.running) clearTimeout(timer);
    this.running.clear();
  }
}
