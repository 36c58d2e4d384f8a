import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Processes, ProcessSpec, RunningProcess } from './processes.js';

export interface PartOptions {
  spec: ProcessSpec;
  /** Settles once the process does its work; rejects when the signal is aborted. */
  ready: (signal: AbortSignal) => Promise<void>;
  /** Told when the part ended by itself, before it is started again. */
  onLost?: (name: string, how: string) => void;
  /** False leaves a part that has ended as it is. */
  comesBack?: boolean;
  /** How long it may take to be ready; default a minute. */
  readyMs?: number;
}

const START_ATTEMPTS = 3;
const READY_MS = 60_000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3000;
/** Of a log, in a message: Temporal writes whole stacks into a line. */
const LONGEST_LINE = 400;

/** One process of the stack, started again with the same settings whenever it ends without being told to (see `comesBack`). */
export class Part {
  readonly name: string;
  private current: RunningProcess | undefined;
  private wanted = false;
  private pauseMs = SHORTEST_PAUSE_MS;

  constructor(
    private readonly processes: Processes,
    private readonly options: PartOptions,
  ) {
    this.name = options.spec.name;
  }

  /** Of its latest process. */
  get pid(): number | undefined {
    return this.current?.pid;
  }

  isRunning(): boolean {
    return this.current?.hasEnded() === false;
  }

  /** Settles once the part is ready. A part that ends three times before that makes it reject with the end of its log. */
  async start(): Promise<void> {
    this.wanted = true;
    for (let attempt = 1; ; attempt++) {
      const child = await this.launch();
      try {
        await this.whenReady(child);
        if (this.options.comesBack !== false) this.superviseFrom(child);
        return;
      } catch (error) {
        await child.stop();
        if (!this.wanted || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /** Ends the part for good, in order first. Does nothing when it does not run. */
  async stop(): Promise<void> {
    this.wanted = false;
    await this.current?.stop();
  }

  /** Stops the part and starts it again; settles once it is ready. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** The part comes back as after any other crash; settles once the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.current?.signal(signal);
    await this.current?.ended;
  }

  private async launch(): Promise<RunningProcess> {
    this.current = await this.processes.start(this.options.spec);
    return this.current;
  }

  private async whenReady(child: RunningProcess): Promise<void> {
    const giveUp = new AbortController();
    const ended = child.ended.then(async ({ code, signal }) => {
      throw new Error(
        `${this.name} ended (${signal ?? `exit code ${code}`}) before it was ready.\n${await lastLines(child)}`,
      );
    });
    const { readyMs = READY_MS } = this.options;
    const late = wait(readyMs, undefined, { signal: giveUp.signal }).then(async () => {
      throw new Error(`${this.name} was not ready after ${readyMs / 1000} s.\n${await lastLines(child)}`);
    });
    try {
      await Promise.race([this.options.ready(giveUp.signal), ended, late]);
    } finally {
      giveUp.abort();
    }
  }

  private superviseFrom(child: RunningProcess): void {
    const since = Date.now();
    void child.ended.then(async ({ code, signal }) => {
      if (!this.wanted || child !== this.current) return;
      this.options.onLost?.(this.name, signal ?? `exit code ${code}`);
      // A part that cannot stay up, perhaps for want of another one, is not started in a tight loop.
      this.pauseMs = Date.now() - since > 10_000 ? SHORTEST_PAUSE_MS : Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
      await wait(this.pauseMs);
      if (this.wanted && child === this.current) this.superviseFrom(await this.launch());
    });
  }
}

async function lastLines(child: RunningProcess): Promise<string> {
  const log = await readFile(child.logFile, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-15);
  return `The end of ${child.logFile}:\n${tail.map((line) => line.slice(0, LONGEST_LINE)).join('\n')}`;
}
