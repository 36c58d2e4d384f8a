import type { Screen } from './terminal.js';

/** Below this an answer comes before a reader could wonder. */
const WORTH_SHOWING = 50;

/** Keeps one line of a terminal up to date with how far a long command is; says nothing anywhere else. */
export function progressOn(terminal: NodeJS.WriteStream, what: string): (done: number, all: number) => void {
  return (done, all) => {
    if (!terminal.isTTY || all < WORTH_SHOWING) return;
    terminal.write(done < all ? `\r${what}: ${done} of ${all}` : '\r\u001b[K');
  };
}

export interface Bar {
  /** Whether anybody sees it. */
  shows: boolean;
  show: (done: number) => void;
  /** Takes the line away. */
  clear: () => void;
}

const CELLS = 24;

/** A bar of how many are done, how fast and how long the rest will take. Says nothing where no terminal shows it. */
export function barOn(screen: Screen, all: number, now: () => number = Date.now): Bar {
  const began = now();
  const shows = screen.isTTY === true;
  return {
    shows,
    show(done) {
      if (!shows) return;
      const seconds = (now() - began) / 1000;
      const rate = seconds > 0 ? done / seconds : 0;
      const filled = all === 0 ? CELLS : Math.round((CELLS * done) / all);
      const left = rate > 0 ? `  ${rate.toFixed(1)}/s  ${Math.ceil((all - done) / rate)} s left` : '';
      const line = `[${'#'.repeat(filled).padEnd(CELLS, '.')}] ${done}/${all}${left}`;
      screen.write(`\r${line.slice(0, Math.max((screen.columns || 80) - 1, 1))}\u001b[K`);
    },
    clear: () => void (shows && screen.write('\r\u001b[K')),
  };
}
