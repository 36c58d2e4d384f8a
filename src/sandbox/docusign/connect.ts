/** Sends Connect messages (JSON SIM) of envelopes that were created with an `eventNotification`. */
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Envelope, Recipient, Subscription } from './envelope.js';
import type { Fault, Faults } from './faults.js';
import { presentEnvelope, stamp } from './present.js';
import type { Switches } from './settings.js';
import type { StandInUser } from './world.js';

const DAY = 86_400_000;
/** Three descriptions of DocuSign's contradict each other: these are the first and the second. */
const DAILY = Array.from({ length: 10 }, () => DAY);
const EXPONENTIAL = Array.from({ length: 12 }, (_, try_) => Math.min(5 * 60_000 * 2 ** try_, 2 * DAY));

export interface Attempt {
  at: string;
  /** Null where no answer came in time. */
  status: number | null;
}

export interface Message {
  event: string;
  envelopeId: string;
  recipientId: string | null;
  url: string;
  state: 'pending' | 'delivered' | 'failed' | 'dropped';
  attempts: Attempt[];
}

interface Job {
  message: Message;
  subscription: Subscription;
  accountId: string;
  /** The body but for what a retry changes. */
  body: Record<string, unknown>;
  fault: Fault | null;
  /** Ends a wait for the next try. */
  wake: AbortController;
}

/** Connect's digest: HMAC-SHA256 over the exact bytes, base64, with the secret's own characters for a key. */
export function connectSignature(body: string | Buffer, key: string): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

export class Connect {
  readonly messages: Message[] = [];
  private readonly queues = new Map<string, Promise<void>>();
  private readonly waiting = new Set<Job>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly released = new Map<string, () => void>();
  private readonly stopping = new AbortController();
  private readonly dispatcher = new Agent({ keepAliveTimeout: 1_000 });

  constructor(
    private readonly switches: Switches,
    private readonly faults: Faults,
    private readonly now: () => number,
  ) {}

  /** Tells every subscription of the envelope that wants this event. */
  tell(envelope: Envelope, event: string, users: readonly StandInUser[], recipient: Recipient | null = null): void {
    for (const subscription of envelope.subscriptions) {
      if (subscription.events.includes(event)) this.send(envelope, event, users, recipient, subscription);
    }
  }

  /** A message that no subscription asked for, as a test message or an event of the future would be. */
  tellAnyway(envelope: Envelope, event: string, users: readonly StandInUser[]): void {
    for (const subscription of envelope.subscriptions) this.send(envelope, event, users, null, subscription);
  }

  /** Tries what waits for its next try now. */
  flush(): void {
    for (const { wake } of this.waiting) wake.abort();
  }

  /** When everything is delivered or given up; what waits for a retry is waited for. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.flush();
    for (const release of this.released.values()) release();
    await this.settled();
    await this.dispatcher.close();
  }

  state(): Record<string, number> {
    const counts: Record<string, number> = { pending: 0, delivered: 0, failed: 0, dropped: 0 };
    for (const { state } of this.messages) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  private send(
    envelope: Envelope,
    event: string,
    users: readonly StandInUser[],
    recipient: Recipient | null,
    subscription: Subscription,
  ): void {
    const fault = this.faults.ofMessage({ route: '', envelope: envelope.envelopeId, event });
    const message: Message = {
      event,
      envelopeId: envelope.envelopeId,
      recipientId: recipient?.recipientId ?? null,
      url: subscription.url,
      state: fault?.kind === 'connect-drop' ? 'dropped' : 'pending',
      attempts: [],
    };
    this.messages.push(message);
    if (message.state === 'dropped') return;
    const body = this.bodyOf(envelope, event, users, recipient, subscription);
    const job: Job = { message, subscription, accountId: envelope.accountId, body, fault, wake: new AbortController() };
    this.queue(job);
  }

  private queue(job: Job): void {
    const name = `${job.subscription.configurationId}`;
    const held = job.fault?.kind === 'connect-reorder' || job.fault?.kind === 'connect-delay';
    const before =
      this.switches.connect_in_order && !held ? (this.queues.get(name) ?? Promise.resolve()) : Promise.resolve();
    const release = this.released.get(name);
    this.released.delete(name);
    const overtaken = new Promise<void>((resolve) => {
      if (job.fault?.kind === 'connect-reorder') this.released.set(name, resolve);
      else if (!held) resolve();
    });
    const work = before
      .then(() => (held ? this.hold(job, overtaken) : undefined))
      .then(() => this.deliver(job))
      .catch(() => undefined)
      .finally(() => {
        release?.();
        this.underWay.delete(work);
      });
    if (!held) this.queues.set(name, work);
    this.underWay.add(work);
  }

  private async hold(job: Job, overtaken: Promise<void>): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.stopping.signal]);
    const late = pause(job.fault?.ms ?? 0, undefined, { signal }).catch(() => undefined);
    await (job.fault?.kind === 'connect-reorder' ? Promise.race([overtaken, late]) : late);
    over.abort();
  }

  private async deliver(job: Job): Promise<void> {
    const profile = { none: [], daily: DAILY, exponential: EXPONENTIAL }[this.switches.connect_retry];
    const waits = [0, ...(job.subscription.requireAcknowledgment ? profile : [])];
    for (const [retryCount, wait] of waits.entries()) {
      await this.wait(job, wait / this.switches.connect_speed);
      if (this.stopping.signal.aborted) return;
      const copies = job.fault?.kind === 'connect-duplicate' && retryCount === 0 ? 2 : 1;
      const posts = Array.from({ length: copies }, () => this.post(job, retryCount));
      const [status = null] = await Promise.all(posts);
      if (status !== null && status >= 200 && status < 300) {
        job.message.state = 'delivered';
        return;
      }
    }
    job.message.state = 'failed';
  }

  private async wait(job: Job, ms: number): Promise<void> {
    if (ms === 0) return;
    this.waiting.add(job);
    job.wake = new AbortController();
    // A timer takes 2^31 - 1 ms at most.
    const signal = AbortSignal.any([job.wake.signal, this.stopping.signal]);
    await pause(Math.min(ms, 2 ** 31 - 1), undefined, { signal }).catch(() => undefined);
    this.waiting.delete(job);
  }

  private async post(job: Job, retryCount: number): Promise<number | null> {
    const { message, subscription, fault } = job;
    const at = this.now();
    const generated = this.switches.connect_generated === 'fresh' ? { generatedDateTime: stamp(at) } : {};
    const signed = Buffer.from(
      subscription.json ? JSON.stringify({ ...job.body, retryCount, ...generated }) : legacyBody(message),
    );
    const sent = fault?.kind === 'connect-tampered' ? Buffer.concat([signed, Buffer.from(' ')]) : signed;
    const signal = AbortSignal.any([AbortSignal.timeout(this.switches.connect_timeout_ms), this.stopping.signal]);
    const status = await request(subscription.url, {
      method: 'POST',
      dispatcher: this.dispatcher,
      signal,
      headers: {
        'content-type': subscription.json ? 'application/json; charset=utf-8' : 'text/xml; charset=utf-8',
        'user-agent': 'Docusign Connect (stand-in)',
        'x-docusign-accountid': job.accountId,
        ...(subscription.includeHmac ? this.signatures(signed, fault) : {}),
      },
      body: sent,
    }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => null,
    );
    message.attempts.push({ at: new Date(at).toISOString(), status });
    return status;
  }

  private signatures(body: Buffer, fault: Fault | null): Record<string, string> {
    if (fault?.kind === 'connect-unsigned') return {};
    const keys = this.switches.connect_keys.map((key) =>
      fault?.kind === 'connect-wrong-key' ? randomBytes(32).toString('base64') : key,
    );
    const headers = keys.map(
      (key, index) => [`x-docusign-signature-${index + 1}`, connectSignature(body, key)] as const,
    );
    return { 'x-authorization-digest': 'HMACSHA256', ...Object.fromEntries(headers) };
  }

  private bodyOf(
    envelope: Envelope,
    event: string,
    users: readonly StandInUser[],
    recipient: Recipient | null,
    subscription: Subscription,
  ): Record<string, unknown> {
    const { accountId, envelopeId, senderId } = envelope;
    const include = new Set(subscription.includeData);
    const summary = presentEnvelope(envelope, users, include);
    if (include.has('documents')) {
      summary['envelopeDocuments'] = envelope.documents.map((document) => ({
        documentId: document.documentId,
        documentIdGuid: document.documentIdGuid,
        name: document.name,
        type: 'content',
        order: String(document.order),
        PDFBytes: document.bytes.toString('base64'),
      }));
    }
    return {
      event,
      apiVersion: 'v2.1',
      uri: `/restapi/v2.1/accounts/${accountId}/envelopes/${envelopeId}`,
      retryCount: 0,
      configurationId: subscription.configurationId,
      generatedDateTime: stamp(this.now()),
      data: {
        accountId,
        userId: senderId,
        envelopeId,
        ...(recipient && { recipientId: recipient.recipientId }),
        ...(include.size > 0 && { envelopeSummary: summary }),
      },
    };
  }
}

/** Without `restv2.1` Connect speaks XML. */
function legacyBody({ envelopeId, event }: Message): string {
  return `<?xml version="1.0" encoding="utf-8"?><DocuSignEnvelopeInformation><EnvelopeStatus><EnvelopeID>${envelopeId}</EnvelopeID><Status>${event}</Status></EnvelopeStatus></DocuSignEnvelopeInformation>`;
}
