/** Durations in milliseconds: how many there were, and the newest of them. */
export interface Durations {
  count: number;
  newest: number[];
}

/** What one deal adds to the numbers of a pilot. Pure data, kept by the deal itself, so that reports and metrics tell the same. */
export interface Figures {
  /** ISO 8601: when the CRM's event started the deal, and when its signed PDF was filed. */
  startedAt: string;
  filedAt: string | null;
  /** How long each draft that was decided on had waited for its review. */
  reviews: Durations;
  /** How long after the gateway took an event of the provider's each change of stage came that it led to. */
  webhooks: Durations;
  /** Changes at the provider that an event told, and those that only reading back told. */
  told: number;
  readBack: number;
  /** What people did by hand beside reviews: amend, cancel, resume, remind. */
  interventions: number;
  /** How often the deal stood still. */
  blocked: number;
  /** Reminders that the provider sent, and signatures that were given. */
  reminders: number;
  signatures: number;
}

export function openFigures(startedAt: string): Figures {
  return {
    startedAt,
    filedAt: null,
    reviews: { count: 0, newest: [] },
    webhooks: { count: 0, newest: [] },
    told: 0,
    readBack: 0,
    interventions: 0,
    blocked: 0,
    reminders: 0,
    signatures: 0,
  };
}

const KEPT = 20;

/** Adds a duration; one that began before the clock that ends it is none. */
export function keepDuration(durations: Durations, milliseconds: number): void {
  durations.count += 1;
  durations.newest.push(Math.max(milliseconds, 0));
  if (durations.newest.length > KEPT) durations.newest.shift();
}
