/** An envelope of DocuSign's as the port tells it. */
import { readExternalId } from '../../deal/ids.js';
import type { PartyProgress, PartyStatus } from '../../deal/party.js';
import type { EnvelopeReading, EnvelopeStatus, Signer } from '../provider.js';
import { idsIn } from './custom-fields.js';
import type { Envelope, Recipient } from './schemas.js';

const MAX_REASON = 500;

/** DocuSign's words; `delivered` means that all have looked at it, `signed` goes before `completed`, and `correct` is paused by the sender. */
const STATUSES: Readonly<Record<string, EnvelopeStatus>> = {
  created: 'draft',
  sent: 'pending',
  delivered: 'pending',
  signed: 'pending',
  correct: 'pending',
  completed: 'signed',
  declined: 'declined',
  voided: 'voided',
  timedout: 'voided',
  deleted: 'voided',
};

const PARTY_STATUSES: Readonly<Record<string, PartyStatus>> = {
  created: 'waiting',
  sent: 'pending',
  delivered: 'pending',
  autoresponded: 'pending',
  faxpending: 'pending',
  signed: 'signed',
  completed: 'signed',
  declined: 'declined',
};

/** `reviewPage`: address of our page that leads to the draft of a deal. */
export function readingOf(envelope: Envelope, reviewPage: (dealId: string) => string): EnvelopeReading {
  const { externalId, clientReferenceId } = idsIn(envelope.customFields);
  const status = statusOf(envelope);
  // Other systems may have ids of that name.
  const ours = externalId !== null && readExternalId(externalId) !== undefined;
  return {
    envelopeId: envelope.envelopeId,
    status,
    sent: wasSent(envelope, status),
    fieldsStatus: envelope.status?.toLowerCase() === 'processing' ? 'pending' : 'ready',
    fieldsVersion: envelope.lastModifiedDateTime === undefined ? null : timeOf(envelope.lastModifiedDateTime),
    detectionError: null,
    parties: progressOf(envelope),
    signedCount: null,
    reviewUrl: ours && clientReferenceId !== null ? reviewPage(clientReferenceId) : null,
    externalId,
    reason: reasonOf(envelope, status),
  };
}

/** Who signs, named as the progress names them; null unless every one's address is told. */
export function signersOf(envelope: Envelope): Signer[] | null {
  const signers = inTurn(envelope.recipients?.signers ?? []);
  if (signers.length === 0) return null;
  const told = signers.flatMap(({ recipient, ...turn }) =>
    recipient.email === undefined ? [] : [{ ...turn, email: recipient.email }],
  );
  return told.length === signers.length ? told : null;
}

/** Ms since 1970; 0 when not told. */
export function createdAt({ createdDateTime }: Envelope): number {
  return (createdDateTime === undefined ? null : timeOf(createdDateTime)) ?? 0;
}

/** An end that is dated stays one, wherever the envelope was moved since. */
function statusOf(envelope: Envelope): EnvelopeStatus {
  const { completedDateTime, declinedDateTime, voidedDateTime, deletedDateTime } = envelope;
  const word = envelope.status?.toLowerCase() ?? '';
  const status = word === 'processing' ? (isSent(envelope) ? 'pending' : 'draft') : (STATUSES[word] ?? 'unknown');
  if (completedDateTime !== undefined) return 'signed';
  if (declinedDateTime !== undefined) return 'declined';
  if (voidedDateTime !== undefined) return 'voided';
  return deletedDateTime !== undefined && status === 'draft' ? 'voided' : status;
}

function isSent({ sentDateTime, initialSentDateTime }: Envelope): boolean {
  return (sentDateTime ?? initialSentDateTime) !== undefined;
}

function wasSent(envelope: Envelope, status: EnvelopeStatus): boolean | null {
  if (isSent(envelope) || status === 'pending' || status === 'signed' || status === 'declined') return true;
  return status === 'draft' || envelope.deletedDateTime !== undefined ? false : null;
}

/** Signers in turn, copies after them; null where DocuSign tells of nobody. */
function progressOf({ recipients }: Envelope): PartyProgress[] | null {
  if (!recipients || recipients.signers.length + recipients.carbonCopies.length === 0) return null;
  const copies = recipients.carbonCopies.map(({ roleName, routingOrder }, index) => ({
    role: roleName ?? 'cc',
    order: routingOrder ?? recipients.signers.length + index + 1,
    status: 'copied' as const,
  }));
  const signers = inTurn(recipients.signers).map(({ role, order, recipient }) => ({
    role,
    order,
    status: PARTY_STATUSES[recipient.status?.toLowerCase() ?? ''] ?? ('unknown' as const),
  }));
  return [...signers, ...copies].sort((one, other) => one.order - other.order);
}

/** Envelopes of others may have several signers at the same turn: then they are counted through. */
function inTurn(signers: readonly Recipient[]): { role: string; order: number; recipient: Recipient }[] {
  const sorted = [...signers].sort(
    (one, other) =>
      (one.routingOrder ?? 0) - (other.routingOrder ?? 0) || (one.recipientId < other.recipientId ? -1 : 1),
  );
  const orders = sorted.map(({ routingOrder }) => routingOrder ?? 0);
  const distinct = new Set(orders).size === orders.length && !orders.includes(0);
  return sorted.map((recipient, index) => {
    const order = (distinct ? orders[index] : undefined) ?? index + 1;
    return { role: recipient.roleName ?? `signer ${order}`, order, recipient };
  });
}

function reasonOf({ voidedReason, recipients }: Envelope, status: EnvelopeStatus): string | null {
  const decliner = recipients?.signers.find(({ declinedReason }) => declinedReason !== undefined);
  const reason = status === 'voided' ? voidedReason : status === 'declined' ? decliner?.declinedReason : undefined;
  return reason?.slice(0, MAX_REASON) ?? null;
}

function timeOf(instant: string): number | null {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? null : time;
}
