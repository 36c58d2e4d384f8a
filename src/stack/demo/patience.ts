import { setTimeout as wait } from 'node:timers/promises';

const PAUSE_MS = 250;

/** Nothing more will come of trying again: the other side understood, and said no. */
export class Refused extends Error {
  override readonly name: string = 'Refused';
}

/**
 * Tries until an answer other than undefined comes. A failure is tried again too, as a person would reload a page that does not
 * answer; only `Refused` ends it at once. Rejects with the last failure when `signal` is aborted.
 */
export async function keepTrying<T>(
  what: string,
  signal: AbortSignal,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  let last: unknown;
  while (!signal.aborted) {
    try {
      const answer = await attempt();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof Refused) throw error;
      last = error;
    }
    await wait(PAUSE_MS);
  }
  throw new Error(`Gave up on ${what}.`, { cause: last ?? signal.reason });
}
