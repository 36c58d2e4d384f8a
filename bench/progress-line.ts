/** Tells how far long work is: in place on a terminal, else a line each ten seconds. */
export interface ProgressLine {
  show(text: string): void;
  /** Ends the line, so that what follows starts a new one. */
  end(): void;
}

const BETWEEN_LINES_MS = 10_000;

export function progressLine(output: NodeJS.WriteStream = process.stdout): ProgressLine {
  let last = '';
  let shownAt = 0;
  const write = (text: string): void => {
    shownAt = Date.now();
    output.write(output.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    last = '';
  };
  return {
    show(text) {
      last = text;
      if (output.isTTY || Date.now() - shownAt > BETWEEN_LINES_MS) write(text);
    },
    end() {
      if (last !== '') write(last);
      if (output.isTTY) output.write('\n');
    },
  };
}
