/** Envelopes as their sender keeps them: made, edited, sent, voided, thrown away. What signers do is in `signing.ts`. */
import { randomUUID } from 'node:crypto';
import {
  checkRecipients,
  EMAIL,
  isTrue,
  listOf,
  readCustomFields,
  readDocuments,
  readNotification,
  readRecipients,
  readSubscriptions,
  textOf,
  type Given,
} from './definition.js';
import { moveOn, TERMINAL, type Envelope } from './envelope.js';
import type { Notices } from './notices.js';
import { shownStatus } from './present.js';
import { invalidParameter, Refusal } from './refusal.js';
import type { Switches } from './settings.js';
import { current, recipientOf, type Signing } from './signing.js';
import { placeTab, readTabs } from './tabs.js';
import type { Templates } from './templates.js';

interface Counted {
  sends: number;
  downloads: number;
}

export class Envelopes {
  private readonly all = new Map<string, Envelope>();
  private readonly counted = new Map<string, Counted>();

  constructor(
    private readonly switches: Switches,
    private readonly templates: Templates,
    readonly notices: Notices,
    readonly signing: Signing,
    private readonly now: () => number,
  ) {}

  /** Every envelope, with what time has made of it. */
  list(): Envelope[] {
    for (const envelope of this.all.values()) this.pass(envelope);
    return [...this.all.values()];
  }

  /** 404 unless it is one of the account's. Null stands for any account. */
  of(accountId: string | null, envelopeId: string): Envelope {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(envelopeId))
      throw invalidParameter('envelopeId is no GUID.');
    const envelope = this.all.get(envelopeId.toLowerCase());
    if (!envelope || (accountId !== null && envelope.accountId !== accountId))
      throw new Refusal(
        404,
        'ENVELOPE_DOES_NOT_EXIST',
        'The envelope specified either does not exist or you have no rights to it.',
      );
    this.pass(envelope);
    return envelope;
  }

  async create(accountId: string, senderId: string, given: Given): Promise<Envelope> {
    const status = textOf(given, 'status') ?? 'created';
    if (status !== 'created' && status !== 'sent')
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'Invalid envelope status.');
    if (isTrue(given, 'asynchronous')) throw invalidParameter('The stand-in works synchronously only.');
    const transactionId = textOf(given, 'transactionId');
    const content = await this.contentOf(accountId, given);
    const before = [...this.all.values()].find(
      (other) => transactionId !== null && other.accountId === accountId && other.transactionId === transactionId,
    );
    if (before && this.switches.same_transaction === 'same') return before;
    if (before && this.switches.same_transaction === 'refuse')
      throw invalidParameter('The transactionId was used before.');
    const envelope: Envelope = {
      ...content,
      ...readNotification(given['notification']),
      envelopeId: randomUUID(),
      accountId,
      senderId,
      status: 'created',
      deletedAt: null,
      customFields: readCustomFields(given['customFields']),
      subscriptions: readSubscriptions(
        given['eventNotification'] ?? given['eventNotifications'],
        this.switches.connect_https_only,
      ),
      transactionId,
      externalEnvelopeId: textOf(given, 'externalEnvelopeId'),
      createdAt: this.now(),
      changedAt: this.now(),
      modifiedAt: this.now(),
      initialSentAt: null,
      sentAt: null,
      deliveredAt: null,
      signedAt: null,
      completedAt: null,
      declinedAt: null,
      voidedAt: null,
      voidedReason: null,
    };
    if (this.switches.anchors_checked === 'create') this.placeTabs(envelope);
    if (status === 'sent') this.prepareToSend(envelope);
    this.all.set(envelope.envelopeId, envelope);
    this.notices.tell(envelope, 'envelope-created');
    if (status === 'sent') this.send(envelope);
    return envelope;
  }

  private async contentOf(
    accountId: string,
    given: Given,
  ): Promise<Pick<Envelope, 'emailSubject' | 'emailBlurb' | 'documents' | 'recipients' | 'templateId'>> {
    const templateId = textOf(given, 'templateId');
    const emailSubject = textOf(given, 'emailSubject', 100);
    const emailBlurb = textOf(given, 'emailBlurb', 10_000);
    if (templateId === null) {
      if (given['templateRoles'] !== undefined) throw invalidParameter('templateRoles without a templateId.');
      return {
        emailSubject: emailSubject ?? '',
        emailBlurb: emailBlurb ?? '',
        templateId,
        documents: await readDocuments(given['documents']),
        recipients: readRecipients(given['recipients']),
      };
    }
    if (given['documents'] !== undefined || given['recipients'] !== undefined)
      throw invalidParameter('The stand-in takes a template, or documents and recipients, not both.');
    const template = this.templates.of(accountId, templateId);
    return {
      emailSubject: emailSubject ?? template.emailSubject,
      emailBlurb: emailBlurb ?? template.emailBlurb,
      templateId,
      documents: template.documents,
      recipients: this.templates.filled(template, given['templateRoles']),
    };
  }

  /** Puts tabs in their places; throws the refusal of an anchor that is nowhere. */
  private placeTabs(envelope: Envelope): void {
    const wholeWord = this.switches.anchor_whole_word_default;
    const placed = envelope.recipients.map(({ unplaced }) =>
      unplaced.flatMap((tab) => placeTab(tab, envelope.documents, wholeWord)),
    );
    for (const [index, recipient] of envelope.recipients.entries()) {
      recipient.tabs.push(...(placed[index] ?? []));
      recipient.unplaced = [];
    }
  }

  private prepareToSend(envelope: Envelope): void {
    const { emailSubject, documents, recipients } = envelope;
    if (emailSubject === '') throw invalidParameter('An envelope without an emailSubject cannot be sent.');
    if (documents.length === 0) throw new Refusal(400, 'ENVELOPE_IS_INCOMPLETE', 'The envelope has no documents.');
    if (recipients.length === 0) throw new Refusal(400, 'ENVELOPE_IS_INCOMPLETE', 'The envelope has no recipients.');
    for (const { email, name } of recipients) {
      if (!EMAIL.test(email))
        throw new Refusal(
          400,
          'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT',
          'The email address for the recipient is invalid.',
        );
      if (name === '') throw invalidParameter('A recipient has no name.');
    }
    checkRecipients(recipients);
    this.placeTabs(envelope);
  }

  /** `PUT` with `status=sent`, or a person who presses Send. */
  send(envelope: Envelope): void {
    if (envelope.status !== 'created' || envelope.deletedAt !== null) {
      if (this.switches.sent_again === 'ignore' && (envelope.status === 'sent' || envelope.status === 'delivered'))
        return;
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
    }
    this.prepareToSend(envelope);
    const now = this.now();
    moveOn(envelope, 'sent', this.now());
    envelope.sentAt = now;
    envelope.initialSentAt = now;
    this.countsOf(envelope).sends += 1;
    this.notices.tell(envelope, 'envelope-sent');
    this.signing.begin(envelope);
  }

  void(envelope: Envelope, reason: string | null): void {
    if (reason === null || reason === '') throw invalidParameter('voidedReason is missing.');
    if (envelope.status !== 'sent' && envelope.status !== 'delivered')
      throw new Refusal(400, 'ENVELOPE_CANNOT_VOID_INVALID_STATE', 'Only envelopes in process can be voided.');
    this.end(envelope, reason);
  }

  private end(envelope: Envelope, reason: string): void {
    moveOn(envelope, 'voided', this.now());
    envelope.voidedAt = this.now();
    envelope.voidedReason = reason;
    for (const { email, sentAt } of envelope.recipients)
      if (sentAt !== null) this.notices.mail(envelope, email, 'voided');
    this.notices.tell(envelope, 'envelope-voided');
  }

  /** Days are over; `expire` does not wait for them. */
  expire(envelope: Envelope): void {
    if (envelope.status === 'sent' || envelope.status === 'delivered') this.end(envelope, 'Envelope has expired.');
  }

  resend(envelope: Envelope): void {
    if (envelope.status !== 'sent' && envelope.status !== 'delivered')
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
    for (const recipient of current(envelope)) {
      if (recipient.clientUserId === null) this.notices.mail(envelope, recipient.email, 'reminder');
      this.notices.tell(envelope, 'recipient-resent', recipient);
    }
    this.notices.tell(envelope, 'envelope-resent');
  }

  /** Moves to the recycle bin: drafts, and what has ended. What is under way would be voided by it, which nobody is to do unawares. */
  recycle(envelope: Envelope): void {
    if (envelope.status !== 'created' && !TERMINAL.includes(envelope.status))
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
    if (envelope.deletedAt !== null) return;
    envelope.deletedAt = this.now();
    envelope.changedAt = this.now();
    this.notices.tell(envelope, 'envelope-deleted');
  }

  /** Subject and message of a draft. */
  revise(envelope: Envelope, given: Given): void {
    if (envelope.status !== 'created' || envelope.deletedAt !== null)
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
    envelope.emailSubject = textOf(given, 'emailSubject', 100) ?? envelope.emailSubject;
    envelope.emailBlurb = textOf(given, 'emailBlurb', 10_000) ?? envelope.emailBlurb;
    envelope.modifiedAt = this.now();
  }

  /**
   * What a person does to a draft in the sender's view: `{emailSubject?, emailBlurb?, recipients?: [{recipientId, name?, email?, routingOrder?, remove?,
   * addTabs?: {signHereTabs: […]}, removeTabs?: [tabId]}], addRecipients?: {signers: […]}, documents?}`.
   */
  async edit(envelope: Envelope, given: Given): Promise<void> {
    const documents = given['documents'] === undefined ? null : await readDocuments(given['documents']);
    const added = readRecipients(given['addRecipients']);
    this.revise(envelope, given);
    if (documents) envelope.documents = documents;
    for (const change of listOf(given['recipients'], 'recipients')) {
      const recipient = recipientOf(envelope, textOf(change, 'recipientId'));
      recipient.name = textOf(change, 'name', 100) ?? recipient.name;
      recipient.email = textOf(change, 'email', 100) ?? recipient.email;
      recipient.routingOrder = Number(textOf(change, 'routingOrder') ?? recipient.routingOrder);
      const gone = Array.isArray(change['removeTabs']) ? (change['removeTabs'] as unknown[]) : [];
      recipient.tabs = recipient.tabs.filter(({ tabId }) => !gone.includes(tabId));
      recipient.unplaced.push(...readTabs(change['addTabs']));
      if (isTrue(change, 'remove')) envelope.recipients = envelope.recipients.filter((other) => other !== recipient);
    }
    envelope.recipients.push(...added);
    checkRecipients(envelope.recipients);
    this.placeTabs(envelope);
  }

  /** Those of a transaction, as far as the index has them by now. */
  ofTransaction(accountId: string, transactionId: string): Envelope[] {
    const age = (envelope: Envelope): number => this.now() - envelope.createdAt;
    return this.list().filter(
      (envelope) =>
        envelope.accountId === accountId &&
        envelope.transactionId === transactionId &&
        age(envelope) >= this.switches.transaction_delay_ms &&
        age(envelope) < this.switches.transaction_days * 86_400_000,
    );
  }

  downloaded(envelope: Envelope): void {
    this.countsOf(envelope).downloads += 1;
  }

  state(): Record<string, unknown> {
    const envelopes = this.list();
    const byKey: Record<string, number> = {};
    for (const { customFields } of envelopes) {
      const key = customFields.find(({ name }) => name === 'external_id')?.value;
      if (key !== undefined) byKey[key] = (byKey[key] ?? 0) + 1;
    }
    const byStatus: Record<string, number> = {};
    for (const envelope of envelopes) {
      const shown = shownStatus(envelope);
      byStatus[shown] = (byStatus[shown] ?? 0) + 1;
    }
    const counted = [...this.counted].map(([envelopeId, counts]) => [envelopeId, counts] as const);
    return {
      envelopes: envelopes.length,
      byStatus,
      sends: Object.fromEntries(counted.map(([envelopeId, { sends }]) => [envelopeId, sends])),
      downloads: Object.fromEntries(counted.map(([envelopeId, { downloads }]) => [envelopeId, downloads])),
      mails: this.notices.mails.length,
      /** Envelopes by the custom field `external_id`, and those keys that have more than one. */
      byExternalId: byKey,
      duplicates: Object.entries(byKey).flatMap(([key, count]) => (count > 1 ? [key] : [])),
    };
  }

  /** What the passing of time does. */
  private pass(envelope: Envelope): void {
    const { status, expireAfter, sentAt, signedAt } = envelope;
    if (status === 'signed' && signedAt !== null && this.now() - signedAt >= this.switches.signed_ms)
      this.signing.complete(envelope);
    if (expireAfter !== null && sentAt !== null && this.now() >= sentAt + expireAfter * 86_400_000)
      this.expire(envelope);
  }

  private countsOf(envelope: Envelope): Counted {
    const counts = this.counted.get(envelope.envelopeId) ?? { sends: 0, downloads: 0 };
    this.counted.set(envelope.envelopeId, counts);
    return counts;
  }
}
