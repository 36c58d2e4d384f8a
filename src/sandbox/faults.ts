import { createHash, randomInt } from 'node:crypto';
import type { Timers } from './clock.js';
import { FAULT_KINDS, FAULTS, faultOf, type Fault, type FaultKind, type GivenRule } from './fault.js';

/** Where a fault might happen now. */
export interface Scene {
  /** The call with its placeholders and as it was made, such as `GET /api/envelope/:id` and `GET /api/envelope/1`; none for a webhook. */
  routes: readonly string[];
  envelope: string | null;
  event: string | null;
}

interface Rule {
  given: GivenRule;
  fault: Fault;
  meets: (routes: readonly string[]) => boolean;
  /** null where a share decides. */
  left: number | null;
  /** The next number of 0..1 that a share is held against. */
  draw: () => number;
  happened: number;
}

/**
 * What is to go wrong on purpose, by rule or because a caller asked for it. Rules and counts are of this run: a sandbox that is killed starts again
 * without any. Taking a fault is one synchronous step, so that `times` holds however many calls come at once.
 */
export class Faults {
  private rules: Rule[] = [];
  private readonly happened = new Map<FaultKind, number>(FAULT_KINDS.map((kind) => [kind, 0]));
  private asked: Fault | null = null;

  constructor(private readonly timers: Timers) {}

  /** Adds rules after those there are. With the same seed, the nth match of a rule has the same fate in each run, whatever the other rules do. */
  add(given: readonly GivenRule[], seed: number = randomInt(2 ** 31)): void {
    const rules = given.map((rule, index) => ({
      given: rule,
      fault: faultOf(rule),
      meets: routeTest(rule.route),
      left: rule.share === undefined ? (rule.times ?? 1) : null,
      draw: numbers(`${seed}/${index}/${rule.kind}`),
      happened: 0,
    }));
    this.rules.push(...rules);
  }

  /** Ends all rules. The counts stay. */
  clear(): void {
    this.rules = [];
  }

  live(): Record<string, unknown>[] {
    return this.rules.map(({ given, left, happened }) => ({
      ...given,
      ...(left === null ? {} : { times: left }),
      happened,
    }));
  }

  /** How often each kind happened. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.happened);
  }

  /**
   * The fault of one of these kinds that happens here, counted as happened: the one asked for, or the first rule that strikes. A caller who asks for a
   * fault is spared the rules for the same target.
   */
  take<K extends FaultKind>(kinds: readonly K[], scene: Scene, asked: Fault | null = this.asked): Fault<K> | null {
    const target = kinds[0] === undefined ? null : FAULTS[kinds[0]].strikes;
    if (asked !== null && FAULTS[asked.kind].strikes === target) return this.count(asked, kinds);
    const striking = this.rules.filter((rule) => applies(rule, kinds, scene) && strikes(rule));
    const [rule] = striking;
    if (rule === undefined) return null;
    rule.happened += 1;
    if (rule.left !== null) rule.left -= 1;
    if (rule.left === 0) this.rules = this.rules.filter((other) => other !== rule);
    return this.count(rule.fault, kinds);
  }

  private count<K extends FaultKind>(fault: Fault, kinds: readonly K[]): Fault<K> | null {
    if (!isOf(fault, kinds)) return null;
    this.happened.set(fault.kind, (this.happened.get(fault.kind) ?? 0) + 1);
    return fault;
  }

  /** Runs synchronous `work`; what it takes without saying what was asked for takes this. */
  during<T>(asked: Fault | null, work: () => T): T {
    this.asked = asked;
    try {
      return work();
    } finally {
      this.asked = null;
    }
  }

  /** Real time; never ends once the sandbox is stopped. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.timers.after(ms, resolve));
  }
}

function isOf<K extends FaultKind>(fault: Fault, kinds: readonly K[]): fault is Fault<K> {
  return kinds.some((kind) => kind === fault.kind);
}

function applies({ given, meets }: Rule, kinds: readonly FaultKind[], scene: Scene): boolean {
  return (
    kinds.includes(given.kind) &&
    (given.envelope === undefined || given.envelope === scene.envelope) &&
    (given.event === undefined || given.event === scene.event) &&
    meets(scene.routes)
  );
}

function strikes({ given, draw }: Rule): boolean {
  return given.share === undefined || draw() < given.share;
}

/** A method and a path without signs of a regular expression are one route, `{id}` and `:id` alike; all else is searched for. */
function routeTest(route: string | undefined): Rule['meets'] {
  if (route === undefined) return () => true;
  if (/^[A-Z]+ \/[\w/:{}-]*$/.test(route)) {
    const exact = route.replaceAll(/\{(\w+)\}/g, ':$1');
    return (routes) => routes.includes(exact);
  }
  const pattern = new RegExp(route);
  return (routes) => routes.some((candidate) => pattern.test(candidate));
}

/** Numbers of 0..1 that follow from the seed: mulberry32, small and even enough for shares. */
function numbers(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
