import type { Accounts } from './accounts.js';
import type { Faults, Scene } from './faults.js';
import type { Delivery } from './model.js';
import type { Store } from './store.js';

interface Oddity {
  /** No first attempt before this moment, milliseconds of the epoch. */
  notBefore: number;
  /** Held back for a later delivery of the same envelope. */
  untilNext: boolean;
  twice: boolean;
  otherKey: boolean;
}

/** What is odd about webhooks that were told to go wrong. Known to this run only: after a restart they are delivered like any other. */
export class Oddities {
  private readonly known = new Map<string, Oddity>();

  constructor(
    private readonly faults: Faults,
    private readonly accounts: Accounts,
    private readonly store: Store,
  ) {}

  /** Decides on a new delivery; true when it is to be dropped. `now` in milliseconds of the epoch. */
  decide(delivery: Delivery, now: number): boolean {
    const scene: Scene = { routes: [], envelope: delivery.envelopeId, event: delivery.event };
    if (this.faults.take(['webhook-drop'], scene) !== null) return true;
    const held = this.faults.take(['webhook-delay', 'webhook-reorder'], scene);
    const twice = this.faults.take(['webhook-duplicate'], scene) !== null;
    const otherKey = this.faults.take(['webhook-old-key'], scene) !== null;
    if (held !== null || twice || otherKey) {
      const notBefore = now + (held?.ms ?? 0);
      this.known.set(delivery.id, { notBefore, untilNext: held?.kind === 'webhook-reorder', twice, otherKey });
    }
    return false;
  }

  /** When the first attempt is due, milliseconds of the epoch; 0 is at once. */
  notBefore(delivery: Delivery): number {
    return this.known.get(delivery.id)?.notBefore ?? 0;
  }

  /** How often the next attempt is posted: twice only at first. */
  copies(delivery: Delivery): 1 | 2 {
    return this.known.get(delivery.id)?.twice === true && delivery.attempts.length === 0 ? 2 : 1;
  }

  signingKey({ id, keyId }: Delivery): string {
    if (this.known.get(id)?.otherKey === true) return this.accounts.otherKey(keyId);
    return this.store.keys.get(keyId)?.key ?? '';
  }

  /** After an attempt at `gone`: the earlier deliveries of its envelope that were held back for it, each answered once. */
  released(gone: Delivery): Delivery[] {
    const all = this.store.deliveries.in(gone.envelopeId);
    return all.slice(0, all.indexOf(gone)).filter((earlier) => {
      const oddity = this.known.get(earlier.id);
      if (oddity?.untilNext !== true) return false;
      this.known.set(earlier.id, { ...oddity, untilNext: false, notBefore: 0 });
      return true;
    });
  }

  forget(delivery: Delivery): void {
    this.known.delete(delivery.id);
  }
}
