/** A process that is killed (SIGKILL) again and again, and started again at once. */
import type { RunningProcess } from '../../src/stack/processes.js';

export interface Mortal {
  start(): Promise<void>;
  /** Without a word. Strikes that fall together hit one process. */
  kill(): Promise<void>;
  /** It is not started again, whatever strikes are under way. */
  stop(): Promise<void>;
  /** The one that runs now, or ran last. */
  process(): RunningProcess | undefined;
}

export function aMortal(begin: () => Promise<RunningProcess>): Mortal {
  let running: RunningProcess | undefined;
  let killing: Promise<void> | undefined;
  let stopping = false;
  const start = async (): Promise<void> => void (running = await begin());
  return {
    start,
    kill() {
      return (killing ??= (async () => {
        running?.signal('SIGKILL');
        await running?.ended;
        if (!stopping) await start();
        killing = undefined;
      })());
    },
    async stop() {
      stopping = true;
      await killing;
    },
    process: () => running,
  };
}
