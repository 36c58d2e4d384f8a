/** What is to go wrong on purpose. */

export interface Fault {
  /** Matched against `METHOD /path`, the query left out; any call when left out. */
  on?: RegExp;
  /** Which of the calls it matches, counted from now; the first when left out. */
  nth?: number;
  /** Whether the call has taken effect by then. */
  when: 'before' | 'after';
  /** An answer, a connection that ends without one, or one that stays open and says nothing. */
  as: 'hang-up' | 'silence' | { status: number; headers?: Record<string, string>; body?: string; contentType?: string };
}

export class Faults {
  private waiting: { fault: Fault; left: number }[] = [];

  /** Happens once. */
  add(fault: Fault): void {
    this.waiting.push({ fault, left: fault.nth ?? 1 });
  }

  clear(): void {
    this.waiting = [];
  }

  /** The fault of this call, if it has one; each that it matches comes a step nearer. */
  take(call: string): Fault | null {
    const met = this.waiting.filter(({ fault }) => fault.on?.test(call) ?? true);
    for (const entry of met) entry.left -= 1;
    const due = met.find(({ left }) => left === 0);
    this.waiting = this.waiting.filter((entry) => entry.left > 0);
    return due?.fault ?? null;
  }
}
