import { z } from 'zod';
import type { DetectionOutcome } from './model.js';
import { settingsSchema, type Settings } from './settings.js';
import type { Store } from './store.js';

const OUTCOMES: readonly DetectionOutcome[] = ['ready', 'failed', 'recovered_empty', 'never'];
const CHANGES = 'settings';
const SCRIPT = 'detection-script';
const scriptSchema = z.array(z.enum(OUTCOMES));

/** The settings of this moment: the start's, overlaid by what was changed at run time, which a restart keeps. */
export class Switches {
  private current: Settings;

  constructor(
    start: Settings,
    private readonly store: Store,
  ) {
    this.current = settingsSchema.parse({ ...start, ...this.changes() });
  }

  private changes(): Record<string, unknown> {
    return z.record(z.string(), z.unknown()).parse(this.store.notes.get(CHANGES)?.value ?? {});
  }

  get now(): Readonly<Settings> {
    return this.current;
  }

  /** Inside a transaction. Throws a ZodError on a bad value, changing nothing. */
  change(changes: Record<string, unknown>): void {
    this.current = settingsSchema.parse({ ...this.current, ...changes });
    this.store.notes.put({ id: CHANGES, value: { ...this.changes(), ...changes } });
  }

  /** The outcomes of the next detections, one for each envelope to come; then `ready` again. Inside a transaction. */
  scriptDetections(outcomes: DetectionOutcome[]): void {
    this.store.notes.put({ id: SCRIPT, value: outcomes });
  }

  /** Takes the next scripted outcome, if any. Inside a transaction. */
  takeScripted(): DetectionOutcome | null {
    const [next, ...rest] = scriptSchema.parse(this.store.notes.get(SCRIPT)?.value ?? []);
    if (next === undefined) return null;
    this.scriptDetections(rest);
    return next;
  }
}

export function asOutcome(value: unknown): DetectionOutcome | null {
  return OUTCOMES.find((outcome) => outcome === value) ?? null;
}
