/** What is to go wrong on purpose. */

/** `before`: the connection ends and nothing was done. `after`: it ends when all was done. */
export type Cut = 'before' | 'after';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

export class Faults {
  private cutting: { left: number; when: Cut } | null = null;
  private readonly answers: { route: RegExp; answer: Answer | 'silence' }[] = [];

  /** Cuts the connection of the nth call from now, counted from 1; logins are no calls. */
  cut(nth: number, when: Cut): void {
    this.cutting = { left: nth, when };
  }

  /** Whether a call that was to be cut is still to come. */
  get waiting(): boolean {
    return this.cutting !== null;
  }

  /** Ends what is still to come. */
  clear(): void {
    this.cutting = null;
    this.answers.length = 0;
  }

  /** Answers the next call whose `METHOD path` fits with this instead, or with nothing at all. */
  next(route: RegExp, answer: Answer | 'silence'): void {
    this.answers.push({ route, answer });
  }

  take(call: string): Cut | Answer | 'silence' | null {
    const at = this.answers.findIndex(({ route }) => route.test(call));
    const [meant] = at < 0 ? [] : this.answers.splice(at, 1);
    if (meant) return meant.answer;
    if (this.cutting === null) return null;
    this.cutting.left -= 1;
    if (this.cutting.left > 0) return null;
    const { when } = this.cutting;
    this.cutting = null;
    return when;
  }
}

/** An error of the API in its own form. */
export function apiError(
  status: number,
  errorCode: string,
  message = 'on purpose',
  fields?: readonly string[],
): Answer {
  const body = JSON.stringify([{ message, errorCode, ...(fields && { fields }) }]);
  return { status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body };
}
