/** What signers do, and whose turn it is: sent, delivered, (signed), completed; or declined. */
import { moveOn, signersOf, type Envelope, type Recipient } from './envelope.js';
import type { Notices } from './notices.js';
import { Refusal } from './refusal.js';
import type { Switches } from './settings.js';

export class Signing {
  constructor(
    private readonly switches: Switches,
    private readonly notices: Notices,
    private readonly now: () => number,
  ) {}

  /** A signer opens the envelope; the first whose turn it is where none is named. */
  view(envelope: Envelope, recipientId: string | null): void {
    const recipient = recipientOf(envelope, recipientId);
    mustBeCurrent(envelope, recipient);
    if (recipient.status === 'delivered') return;
    recipient.status = 'delivered';
    recipient.deliveredAt = this.now();
    envelope.modifiedAt = this.now();
    this.notices.tell(envelope, 'recipient-delivered', recipient);
    const seen = signersOf(envelope).every(({ deliveredAt }) => deliveredAt !== null);
    if (!seen || envelope.status !== 'sent') return;
    moveOn(envelope, 'delivered', this.now());
    envelope.deliveredAt = this.now();
    this.notices.tell(envelope, 'envelope-delivered');
  }

  /** A signer signs, with values for text tabs by label. */
  sign(envelope: Envelope, recipientId: string | null, values: Readonly<Record<string, string>> = {}): void {
    const recipient = recipientOf(envelope, recipientId);
    this.view(envelope, recipient.recipientId);
    recipient.status = 'completed';
    recipient.signedAt = this.now();
    for (const tab of recipient.tabs) {
      if (tab.type === 'fullNameTabs') tab.value = recipient.name;
      if (tab.type === 'dateSignedTabs') tab.value = new Date(recipient.signedAt).toISOString().slice(0, 10);
      tab.value = values[tab.fields['tabLabel'] ?? ''] ?? tab.value;
    }
    envelope.modifiedAt = this.now();
    this.notices.tell(envelope, 'recipient-completed', recipient);
    this.begin(envelope);
  }

  decline(envelope: Envelope, recipientId: string | null, reason: string): void {
    const recipient = recipientOf(envelope, recipientId);
    this.view(envelope, recipient.recipientId);
    recipient.status = 'declined';
    recipient.declinedAt = this.now();
    recipient.declinedReason = reason;
    moveOn(envelope, 'declined', this.now());
    envelope.declinedAt = this.now();
    for (const { email, sentAt } of envelope.recipients)
      if (sentAt !== null) this.notices.mail(envelope, email, 'declined');
    this.notices.tell(envelope, 'recipient-declined', recipient);
    this.notices.tell(envelope, 'envelope-declined');
  }

  /** Reaches out to whose turn it is, once it was sent and whenever somebody signed. Copies are done once they are sent. */
  begin(envelope: Envelope): void {
    while (current(envelope).length === 0) {
      const waiting = envelope.recipients.filter(({ status }) => status === 'created');
      if (waiting.length === 0) return this.complete(envelope);
      const next = Math.min(...waiting.map(({ routingOrder }) => routingOrder));
      for (const recipient of waiting.filter(({ routingOrder }) => routingOrder === next))
        this.reach(envelope, recipient);
    }
  }

  private reach(envelope: Envelope, recipient: Recipient): void {
    const isCopy = recipient.kind === 'carbonCopies';
    recipient.status = isCopy ? 'completed' : 'sent';
    recipient.sentAt = this.now();
    // An embedded signer gets no mail: the sender's own application is to call it up.
    if (recipient.clientUserId === null) this.notices.mail(envelope, recipient.email, isCopy ? 'copy' : 'request');
    this.notices.tell(envelope, 'recipient-sent', recipient);
    if (isCopy) this.notices.tell(envelope, 'recipient-completed', recipient);
  }

  complete(envelope: Envelope): void {
    if (this.switches.signed_ms > 0 && envelope.signedAt === null) {
      moveOn(envelope, 'signed', this.now());
      envelope.signedAt = this.now();
      return;
    }
    moveOn(envelope, 'completed', this.now());
    envelope.completedAt = this.now();
    for (const { email } of envelope.recipients) this.notices.mail(envelope, email, 'completed');
    this.notices.tell(envelope, 'envelope-completed');
  }
}

/** A signer of the envelope; the first whose turn it is where none is named. */
export function recipientOf(envelope: Envelope, recipientId: string | null): Recipient {
  const signers = signersOf(envelope);
  const found = recipientId === null ? current(envelope)[0] : signers.find((one) => one.recipientId === recipientId);
  if (!found)
    throw new Refusal(
      400,
      'UNKNOWN_ENVELOPE_RECIPIENT',
      'The recipient you have identified is not a valid recipient of the specified envelope.',
    );
  return found;
}

function mustBeCurrent(envelope: Envelope, recipient: Recipient): void {
  if (envelope.status !== 'sent' && envelope.status !== 'delivered')
    throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
  if (!current(envelope).includes(recipient))
    throw new Refusal(
      400,
      'RECIPIENT_NOT_IN_SEQUENCE',
      'The token for an out of sequence recipient cannot be generated.',
    );
}

/** Signers whose turn it is. */
export function current(envelope: Envelope): Recipient[] {
  return signersOf(envelope).filter(({ status }) => status === 'sent' || status === 'delivered');
}
