/** Something stands between a process and its work. `message` says what to do about it and shows no secret. */
export class NotReady extends Error {
  override readonly name = 'NotReady';

  constructor(
    /** Which part it is: `temporal`, `starting`, `stopping`. */
    readonly part: string,
    message: string,
  ) {
    super(message);
  }
}

/** Settles when the process can do its work now, and rejects with the reason otherwise. */
export type Readiness = () => Promise<void>;

const KEPT_MS = 2_000;

/** `look`, at most once in `keptMs` milliseconds however often it is asked: probes must not be a load for what they probe. */
export function askedSeldom(look: Readiness, { keptMs = KEPT_MS, now = () => performance.now() } = {}): Readiness {
  let kept: { at: number; answer: Promise<void> } | undefined;
  return () => {
    if (!kept || now() - kept.at >= keptMs) {
      const answer = look();
      // Whoever asked hears of it; nobody else needs to.
      answer.catch(() => undefined);
      kept = { at: now(), answer };
    }
    return kept.answer;
  };
}
