import { createHmac, randomUUID } from 'node:crypto';
import { request, type Dispatcher } from 'undici';
import type { Clock, Timers } from './clock.js';
import type { Delivery, DeliveryAttempt, Envelope, WebhookEvent } from './model.js';
import type { Oddities } from './oddities.js';
import type { Store } from './store.js';
import type { Switches } from './switches.js';

/** Atlas notes 11.4: after a failed attempt, the next one follows in 1 min, 5 min, 30 min and 2 h; then no more. */
const RETRY_DELAYS_MS = [1, 5, 30, 120].map((minutes) => minutes * 60_000);

/** `X-Atlas-Signature`: HMAC-SHA256 over the exact bytes, keyed by the API key that created the envelope (Atlas notes 11.3). */
export function signatureOf(body: string | Buffer, apiKey: string): string {
  return `sha256=${createHmac('sha256', apiKey).update(body).digest('hex')}`;
}

/** Tells an envelope's `webhook_url` what happened, at least once, in no promised order. */
export class Webhooks {
  private readonly waiting = new Map<string, () => void>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly switches: Switches,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly dispatcher: Dispatcher,
    private readonly oddities: Oddities,
  ) {}

  /** Inside a transaction: the event is delivered after the change that it tells of is kept. Nothing happens without a `webhook_url`. */
  emit(envelope: Envelope, event: WebhookEvent): void {
    if (envelope.webhookUrl === null) return;
    const id = randomUUID();
    const now = this.clock.now();
    const delivery: Delivery = {
      id,
      envelopeId: envelope.id,
      event,
      url: envelope.webhookUrl,
      keyId: envelope.keyId,
      body: payloadOf(envelope, event, this.switches.now.webhook_event_id ? id : null),
      createdAt: now.toISOString(),
      state: 'pending',
      attempts: [],
    };
    if (this.switches.now.drop_webhooks || this.oddities.decide(delivery, now.getTime())) delivery.state = 'dropped';
    this.store.deliveries.put(delivery);
    this.store.afterwards(() => this.plan(delivery));
  }

  /** Takes up what was still to be delivered; also after the clock's speed changed. */
  resume(): void {
    for (const delivery of this.store.deliveries.all()) this.plan(delivery);
  }

  /** Tries everything that is still undelivered now, whatever its retry time. Resolves when each was tried. */
  async flush(): Promise<{ attempted: number; delivered: number }> {
    const open = [...this.store.deliveries.all()].filter((delivery) => delivery.state === 'pending');
    await Promise.all(open.map((delivery) => this.attempt(delivery)));
    return { attempted: open.length, delivered: open.filter((delivery) => this.isDelivered(delivery)).length };
  }

  private isDelivered(delivery: Delivery): boolean {
    return delivery.state === 'delivered';
  }

  private plan(delivery: Delivery): void {
    this.waiting.get(delivery.id)?.();
    this.waiting.delete(delivery.id);
    if (delivery.state !== 'pending' || this.running.has(delivery.id)) return;
    const last = delivery.attempts.at(-1);
    const delay = (RETRY_DELAYS_MS[delivery.attempts.length - 1] ?? 0) / this.switches.now.clock_speed;
    const due = last === undefined ? this.oddities.notBefore(delivery) : Date.parse(last.at) + delay;
    this.waiting.set(
      delivery.id,
      this.timers.after(due - this.clock.now().getTime(), () => void this.attempt(delivery)),
    );
  }

  private attempt(delivery: Delivery): Promise<void> {
    this.waiting.get(delivery.id)?.();
    this.waiting.delete(delivery.id);
    const running = this.running.get(delivery.id) ?? this.attemptOnce(delivery);
    this.running.set(delivery.id, running);
    return running;
  }

  private async attemptOnce(delivery: Delivery): Promise<void> {
    const copy = this.oddities.copies(delivery) === 2 ? this.post(delivery) : null;
    const attempt = await this.post(delivery);
    await copy;
    this.running.delete(delivery.id);
    // A sandbox that stopped meanwhile forgets this attempt, and makes it again at its next start.
    if (this.timers.stopped) return;
    this.store.transact(() => {
      delivery.attempts.push(attempt);
      if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300) delivery.state = 'delivered';
      else if (delivery.attempts.length > RETRY_DELAYS_MS.length) delivery.state = 'failed';
      this.store.deliveries.put(delivery);
    });
    if (delivery.state !== 'pending') this.oddities.forget(delivery);
    this.plan(delivery);
    for (const held of this.oddities.released(delivery)) this.plan(held);
  }

  /** One HTTP call. Redirects are not followed: anything but a 2xx in time is a failure. */
  private async post(delivery: Delivery): Promise<DeliveryAttempt> {
    const at = this.clock.now();
    const done = (status: number | null, error: string | null): DeliveryAttempt => {
      return { at: at.toISOString(), status, error, ms: this.clock.now().getTime() - at.getTime() };
    };
    try {
      const response = await request(delivery.url, {
        method: 'POST',
        dispatcher: this.dispatcher,
        signal: AbortSignal.timeout(this.switches.now.webhook_timeout_ms),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Atlas-Webhooks/1.0 (sandbox)',
          'x-atlas-signature': signatureOf(delivery.body, this.oddities.signingKey(delivery)),
        },
        body: delivery.body,
      });
      await response.body.dump();
      return done(response.statusCode, null);
    } catch (error) {
      return done(null, error instanceof Error ? error.message : String(error));
    }
  }
}

/** Compact JSON with no more than is known of Atlas's payloads (Atlas notes 11.2). */
function payloadOf(envelope: Envelope, event: WebhookEvent, eventId: string | null): string {
  return JSON.stringify({
    event,
    envelope_id: envelope.id,
    ...(eventId === null ? {} : { event_id: eventId }),
    parties: envelope.parties.map((party) => ({
      email: party.email,
      name: party.name ?? undefined,
      role: party.role ?? undefined,
      role_type: party.roleType ?? undefined,
      order: party.order,
      status: party.status ?? undefined,
    })),
    metadata: envelope.metadata,
  });
}
