/** What the doctor says of one thing it looked at. */
export type CheckStatus = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Check {
  /** What was looked at: a variable or a part of the stack. */
  name: string;
  status: CheckStatus;
  message: string;
  /** What to do about it; every problem and every warning has it. */
  fix?: string;
}

/** Looks at one thing; never rejects. */
export type Probe = () => Promise<Check[]>;

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

export function warning(name: string, message: string, fix: string): Check {
  return { name, status: 'warning', message, fix };
}

export function problem(name: string, message: string, fix: string): Check {
  return { name, status: 'problem', message, fix };
}

/** Not looked at, because something else must be mended first. */
export function skipped(name: string, message: string): Check {
  return { name, status: 'skipped', message };
}

/** A probe that is content with what `work` answers, and finds a problem in what it throws. */
export function probe(name: string, work: () => Promise<string>, fix: string): Probe {
  return async () => {
    try {
      return [ok(name, await work())];
    } catch (error) {
      return [problem(name, wordsOf(error), fix)];
    }
  };
}

/** The first line of what an error says. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.split('\n')[0]?.trim() ?? '';
}
