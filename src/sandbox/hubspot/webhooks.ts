/** Webhooks to one address (HubSpot docs, Webhooks): batches of up to 100 events, at least once, tried again for a day. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Happening } from './account.js';
import { signatureHeaders } from './signature.js';

export interface Subscription {
  url: string;
  clientSecret: string;
  /** `object.propertyChange` with `objectTypeId` in place of `deal.propertyChange`. */
  generic?: boolean;
  /** Properties whose changes are told; dealstage when left out. */
  properties?: string[];
}

/** What may be different from a plain, prompt delivery. */
export interface Delivery {
  /** Every batch is sent twice. */
  twice?: boolean;
  /** The last event comes first. */
  backwards?: boolean;
  delayMs?: number;
  /** Events wait so long for others. */
  batchMs?: number;
  /** Waits before the tries after the first. */
  retryMs?: readonly number[];
  answerMs?: number;
}

export interface Delivered {
  status: number | null;
  attemptNumber: number;
  events: Record<string, unknown>[];
}

const BATCH = 100;
/** Ten more tries within 24 hours; the intervals between are not documented. */
const DOCUMENTED_RETRIES = [1, 5, 15, 30, 60, 120, 180, 240, 300, 420].map((minutes) => minutes * 60_000);

export class Webhooks {
  readonly deliveries: Delivered[] = [];
  private subscription: Subscription | null = null;
  private way: Delivery = {};
  private waiting: Record<string, unknown>[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopped = new AbortController();
  private lastEvent = 0;

  subscribe(subscription: Subscription, way: Delivery = {}): void {
    this.subscription = subscription;
    this.way = way;
  }

  tell(happening: Happening): void {
    const { subscription } = this;
    if (!subscription || !wanted(happening, subscription)) return;
    this.waiting.push(this.eventOf(happening, subscription));
    if (this.waiting.length === 1) this.follow(this.flush(subscription));
  }

  /** When all is delivered or given up. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.settled();
  }

  private follow(work: Promise<void>): void {
    const done: Promise<void> = work.catch(() => undefined).finally(() => this.underWay.delete(done));
    this.underWay.add(done);
  }

  private async flush(subscription: Subscription): Promise<void> {
    await this.pause(this.way.batchMs ?? 10);
    const events = this.way.backwards ? this.waiting.reverse() : this.waiting;
    this.waiting = [];
    for (let start = 0; start < events.length; start += BATCH) {
      const batch = events.slice(start, start + BATCH);
      this.follow(this.deliver(subscription, batch));
      if (this.way.twice) this.follow(this.deliver(subscription, batch));
    }
  }

  private async deliver(subscription: Subscription, events: Record<string, unknown>[]): Promise<void> {
    const waits = [this.way.delayMs ?? 0, ...(this.way.retryMs ?? DOCUMENTED_RETRIES)];
    for (const [attemptNumber, wait] of waits.entries()) {
      await this.pause(wait);
      const status = await this.post(
        subscription,
        events.map((event) => ({ ...event, attemptNumber })),
      );
      this.deliveries.push({ status, attemptNumber, events });
      if (status !== null && status >= 200 && status < 300) return;
    }
  }

  private async post({ url, clientSecret }: Subscription, events: Record<string, unknown>[]): Promise<number | null> {
    const body = JSON.stringify(events);
    const signal = AbortSignal.any([AbortSignal.timeout(this.way.answerMs ?? 5_000), this.stopped.signal]);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signatureHeaders(clientSecret, { method: 'POST', url, body, at: Date.now() }),
        },
        body,
        signal,
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return null;
    }
  }

  private async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopped.signal });
  }

  private eventOf(
    { what, dealId, by, property, mergedIds }: Happening,
    { generic }: Subscription,
  ): Record<string, unknown> {
    this.lastEvent += 1;
    return {
      eventId: this.lastEvent,
      subscriptionId: 100,
      portalId: 62515,
      appId: 54321,
      occurredAt: Date.now(),
      subscriptionType: `${generic ? 'object' : 'deal'}.${what}`,
      ...(generic && { objectTypeId: '0-3' }),
      changeSource: by,
      ...(what === 'merge'
        ? { primaryObjectId: Number(dealId), mergedObjectIds: mergedIds?.map(Number), newObjectId: Number(dealId) }
        : { objectId: Number(dealId) }),
      ...(property && { propertyName: property.name, propertyValue: property.value }),
    };
  }
}

function wanted({ property }: Happening, { properties = ['dealstage'] }: Subscription): boolean {
  return property === undefined || properties.includes(property.name);
}
