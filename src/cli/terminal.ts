/** Where a command reads and writes. */
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

/** What a progress line is drawn on. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly exitCode: (code: number) => void;
  /** Characters in a line of what `out` goes to; null when no terminal shows it. */
  columns: number | null;
  /** Where `err` goes to. */
  screen: Screen;
  /** All of the standard input. */
  readonly input: () => Promise<string>;
  /** What a person types as the answer; null when nobody sits there to be asked. */
  readonly ask: (question: string) => Promise<string | null>;
  /** Aborts at the first Ctrl-C or SIGTERM from now on; a second one ends the process. `release` ends the watch for it. */
  readonly interruption: () => { signal: AbortSignal; release: () => void };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The terminal, or the pipes, that this process was started with. */
export function thisTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    out: (words) => void stdout.write(words),
    err: (words) => void stderr.write(words),
    exitCode: (code) => void (process.exitCode = code),
    // A terminal that does not know its width says 0.
    columns: stdout.isTTY ? stdout.columns || 80 : null,
    screen: stderr,
    input: () => text(stdin),

    async ask(question) {
      if (!stdin.isTTY || !stderr.isTTY) return null;
      const lines = createInterface({ input: stdin, output: stderr });
      // Ctrl-C and Ctrl-D are an answer too: no.
      const gone = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      return Promise.race([lines.question(question), gone]).finally(() => lines.close());
    },

    interruption() {
      const controller = new AbortController();
      const interrupt = (name: NodeJS.Signals): void => {
        if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
        controller.abort();
      };
      for (const name of SIGNALS) process.on(name, interrupt);
      return {
        signal: controller.signal,
        release: () => SIGNALS.forEach((name) => process.off(name, interrupt)),
      };
    },
  };
}

/** A reader that has seen enough (`| head`) ends the command, quietly. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
}
