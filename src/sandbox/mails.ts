import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.js';
import type { Envelope, Mail } from './model.js';
import type { Store } from './store.js';

const SUBJECTS: Record<Mail['kind'], string> = {
  signature_request: 'Please sign',
  reminder: 'Reminder: please sign',
  completed: 'Completed',
  declined: 'Declined',
  voided: 'Cancelled',
};

/** The outbox. Nothing leaves the sandbox; it only shows who would have been written to, and how often. */
export class Mails {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Inside a transaction. */
  write(envelope: Envelope, to: string, kind: Mail['kind']): void {
    const subject = `${SUBJECTS[kind]}: ${envelope.document.name}`;
    this.store.mails.put({
      id: randomUUID(),
      envelopeId: envelope.id,
      to,
      kind,
      subject,
      at: this.clock.now().toISOString(),
    });
  }
}
