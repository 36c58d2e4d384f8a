/** Below this an answer comes before a reader could wonder. */
const WORTH_SHOWING = 50;

/** Keeps one line of a terminal up to date with how far a long command is; says nothing anywhere else. */
export function progressOn(terminal: NodeJS.WriteStream, what: string): (done: number, all: number) => void {
  return (done, all) => {
    if (!terminal.isTTY || all < WORTH_SHOWING) return;
    terminal.write(done < all ? `\r${what}: ${done} of ${all}` : '\r\u001b[K');
  };
}
