import { PDFDocument } from '@cantoo/pdf-lib';
import type { Clock, Timers } from './clock.js';
import type { Documents } from './documents.js';
import type { Envelopes } from './envelopes.js';
import { layOutFields } from './fields.js';
import { statusOf, type DetectionOutcome, type Envelope } from './model.js';
import { Refusal } from './refusal.js';
import type { Store } from './store.js';
import { asOutcome, type Switches } from './switches.js';

/** An identical file is ready "almost at once" (Atlas notes 5), milliseconds. */
const CACHED_MS = 20;

/** Finds an envelope's fields some time after it was created, off the request (Atlas notes 5). */
export class Detection {
  constructor(
    private readonly store: Store,
    private readonly switches: Switches,
    private readonly documents: Documents,
    private readonly envelopes: Envelopes,
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  /**
   * What will come of a new envelope's detection, and after how long: as its own metadata (`sandbox_detection`) or its document says, else as was
   * scripted for the next envelope, else fields are found. Inside a transaction.
   */
  expect(sha256: string, asked: DetectionOutcome | null): { outcome: DetectionOutcome; ms: number } {
    const scripted = asked ?? this.switches.takeScripted();
    const slow = this.switches.now.detection_ms;
    const cached = scripted === null && this.store.detected.get(sha256) !== undefined;
    return { outcome: scripted ?? 'ready', ms: cached ? Math.min(CACHED_MS, slow) : slow };
  }

  /** Runs the envelope's detection when it is due. Inside a transaction. */
  start(envelope: Envelope): void {
    this.store.afterwards(() => this.plan(envelope));
  }

  /** Takes up the detections that were running when the sandbox stopped. */
  resume(): void {
    for (const envelope of this.store.envelopes.all()) this.plan(envelope);
  }

  private plan(envelope: Envelope): void {
    if (envelope.fieldsStatus !== 'pending' || envelope.detection.outcome === 'never') return;
    const due = Date.parse(envelope.detection.dueAt) - this.clock.now().getTime();
    this.timers.after(due, () => void this.finish(envelope));
  }

  private async finish(envelope: Envelope): Promise<void> {
    const pages = await this.pagesOf(envelope.document.sha256);
    if (this.timers.stopped) return;
    this.store.transact(() => {
      const { outcome } = envelope.detection;
      if (typeof pages === 'number') {
        envelope.document.pages = pages;
        if (outcome === 'ready') this.store.detected.put({ id: envelope.document.sha256, pages });
      }
      if (outcome === 'failed' || typeof pages !== 'number') {
        envelope.fieldsStatus = 'failed';
        const why = typeof pages === 'number' ? 'field detection failed' : pages.error;
        envelope.metadata = { ...envelope.metadata, detection_error: why };
      } else if (outcome === 'recovered_empty') {
        envelope.fieldsStatus = 'recovered_empty';
      } else {
        envelope.fieldsStatus = 'ready';
        envelope.fields = layOutFields(envelope.parties, pages);
        if (envelope.autoSend && statusOf(envelope) === 'draft') this.autoSend(envelope);
      }
      this.store.envelopes.put(envelope);
    });
  }

  /** Without credits the envelope stays a draft and says why; Atlas does not document what happens then (Atlas notes 15). */
  private autoSend(envelope: Envelope): void {
    try {
      this.envelopes.send(envelope, null, null);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      envelope.metadata = { ...envelope.metadata, auto_send_error: error.code };
    }
  }

  private async pagesOf(sha256: string): Promise<number | { error: string }> {
    const known = this.store.detected.get(sha256);
    if (known !== undefined) return known.pages;
    try {
      const pdf = await PDFDocument.load(await this.documents.read(sha256), { updateMetadata: false });
      return pdf.getPageCount();
    } catch {
      return { error: 'the document could not be read' };
    }
  }
}

export function askedOutcome(metadata: Record<string, unknown>): DetectionOutcome | null {
  return asOutcome(metadata['sandbox_detection']);
}
