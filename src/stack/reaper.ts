import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/reaper.mjs', import.meta.url));

/**
 * A process that ends the others should this one be killed, which leaves no chance to clean up: it notices by the pipe between
 * them. It is started again if it dies first.
 */
export class Reaper {
  private readonly groups = new Set<number>();
  private dismissed = false;
  private child: ChildProcess;

  constructor(private readonly graceMs: number) {
    this.child = this.start();
  }

  watch(pid: number): void {
    this.groups.add(pid);
    this.child.stdin?.write(`+${pid}\n`);
  }

  forget(pid: number): void {
    this.groups.delete(pid);
    this.child.stdin?.write(`-${pid}\n`);
  }

  /** Ends the reaper, and with it all that it still watches. */
  async dismiss(): Promise<void> {
    this.dismissed = true;
    const child = this.child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exit = once(child, 'exit');
    child.stdin?.end();
    await exit;
  }

  private start(): ChildProcess {
    const child = spawn(process.execPath, [SCRIPT, String(this.graceMs)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A write to a reaper that has just died; the next one is told everything.
    child.stdin.on('error', () => undefined);
    child.once('exit', () => {
      if (!this.dismissed) this.child = this.start();
    });
    for (const pid of this.groups) child.stdin.write(`+${pid}\n`);
    child.unref();
    return child;
  }
}
