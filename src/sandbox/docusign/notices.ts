/** Who is told of an envelope: people by mail, listeners by Connect. */
import type { Connect } from './connect.js';
import type { Envelope, Recipient } from './envelope.js';
import type { StandInUser } from './world.js';

export interface Mail {
  envelopeId: string;
  to: string;
  kind: 'request' | 'copy' | 'reminder' | 'completed' | 'declined' | 'voided';
}

export class Notices {
  readonly mails: Mail[] = [];

  constructor(
    private readonly connect: Connect,
    private readonly users: readonly StandInUser[],
  ) {}

  tell(envelope: Envelope, event: string, recipient: Recipient | null = null): void {
    this.connect.tell(envelope, event, this.users, recipient);
  }

  mail(envelope: Envelope, to: string, kind: Mail['kind']): void {
    this.mails.push({ envelopeId: envelope.envelopeId, to, kind });
  }

  /** Whoever subscribed to what. */
  tellAnyway(envelope: Envelope, event: string): void {
    this.connect.tellAnyway(envelope, event, this.users);
  }
}
