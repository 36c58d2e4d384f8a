import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Reaper } from './reaper.js';

export interface ProcessSpec {
  /** For messages and the name of the log file. */
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment of the process. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Whom it runs as; default: as this process does. */
  user?: { uid: number; gid: number };
  /** What asks it to end in order; default SIGTERM. */
  endsBy?: NodeJS.Signals;
}

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process. What it writes goes to `logFile`, after what earlier processes of its name wrote. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles once it has ended; never rejects. */
  readonly ended: Promise<Ending>;
  hasEnded(): boolean;
  /** Sends the signal to the process and all it has started. Does nothing once it has ended. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM (or `endsBy`), and SIGKILL after the grace time. A second call waits for the same end. */
  stop(): Promise<Ending>;
}

const DEFAULT_GRACE_MS = 10_000;

/**
 * The child processes of this process, each the leader of a process group, so that a Ctrl-C in the terminal reaches them
 * through their parent only. None outlives this process: not its `stopAll`, not its `exit`, not even its SIGKILL (see the reaper).
 */
export class Processes {
  private readonly running = new Set<RunningProcess>();
  private readonly reaper: Reaper;
  private over = false;
  private readonly killLeftovers = (): void => {
    for (const child of this.running) child.signal('SIGKILL');
  };

  constructor(
    private readonly logFolder: string,
    private readonly graceMs = DEFAULT_GRACE_MS,
  ) {
    mkdirSync(logFolder, { recursive: true });
    this.reaper = new Reaper(graceMs);
    process.on('exit', this.killLeftovers);
  }

  /** Starts a process; throws when the command cannot be run at all, and after `stopAll`. */
  async start(spec: ProcessSpec): Promise<RunningProcess> {
    if (this.over) throw new Error(`${spec.name} is not started: everything has been stopped.`);
    const logFile = join(this.logFolder, `${spec.name}.log`);
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: spec.env,
        ...spec.user,
        detached: true,
        stdio: ['ignore', log, log],
      });
      if (child.pid === undefined) throw await failureToSpawn(child, spec);
      return this.keep(child, child.pid, spec, logFile);
    } finally {
      closeSync(log);
    }
  }

  /** Stops all that runs, at the same time, and the reaper after them. */
  async stopAll(): Promise<void> {
    this.over = true;
    await Promise.all([...this.running].map((child) => child.stop()));
    process.off('exit', this.killLeftovers);
    await this.reaper.dismiss();
  }

  private keep(child: ChildProcess, pid: number, { name, endsBy }: ProcessSpec, logFile: string): RunningProcess {
    this.reaper.watch(pid);
    const ended = new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => {
        // What the process itself had started ends with it.
        signalGroup(pid, 'SIGKILL');
        this.reaper.forget(pid);
        this.running.delete(running);
        resolve({ code, signal });
      });
    });
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const signal = (name: NodeJS.Signals): void => {
      if (!hasEnded()) signalGroup(pid, name);
    };
    const stop = async (): Promise<Ending> => {
      signal(endsBy ?? 'SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), this.graceMs);
      const ending = await ended;
      clearTimeout(timer);
      return ending;
    };
    const running: RunningProcess = { name, pid, logFile, ended, hasEnded, signal, stop };
    this.running.add(running);
    return running;
  }
}

function failureToSpawn(child: ChildProcess, spec: ProcessSpec): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', (cause) =>
      resolve(new Error(`${spec.name} could not be started: ${cause.message}`, { cause })),
    );
  });
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}
