/** Envelopes as eSignature and Connect tell them: nearly everything a string, what is empty left out. */
import type { Envelope, Recipient, Tab } from './envelope.js';
import type { StandInUser } from './world.js';

/** UTC with seven digits of a second. */
export function stamp(at: number): string {
  return new Date(at).toISOString().replace('Z', '0000Z');
}

function stamps(times: Record<string, number | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(times).flatMap(([name, at]) => (at === null ? [] : [[name, stamp(at)] as const])),
  );
}

export function shownStatus({ status, deletedAt }: Envelope): string {
  return deletedAt === null ? status : 'deleted';
}

/** What was asked for beside the envelope itself: `recipients`, `tabs`, `custom_fields`, `documents`. */
export function presentEnvelope(
  envelope: Envelope,
  users: readonly StandInUser[],
  include: ReadonlySet<string>,
): Record<string, unknown> {
  const uri = `/envelopes/${envelope.envelopeId}`;
  const { expireAfter, sentAt } = envelope;
  return {
    ...(envelope.transactionId !== null && { transactionId: envelope.transactionId }),
    status: shownStatus(envelope),
    documentsUri: `${uri}/documents`,
    recipientsUri: `${uri}/recipients`,
    attachmentsUri: `${uri}/attachments`,
    envelopeUri: uri,
    customFieldsUri: `${uri}/custom_fields`,
    documentsCombinedUri: `${uri}/documents/combined`,
    certificateUri: `${uri}/documents/certificate`,
    templatesUri: `${uri}/templates`,
    emailSubject: envelope.emailSubject,
    ...(envelope.emailBlurb !== '' && { emailBlurb: envelope.emailBlurb }),
    envelopeId: envelope.envelopeId,
    ...(envelope.externalEnvelopeId !== null && { externalEnvelopeId: envelope.externalEnvelopeId }),
    signingLocation: 'online',
    ...stamps({
      createdDateTime: envelope.createdAt,
      lastModifiedDateTime: envelope.modifiedAt,
      initialSentDateTime: envelope.initialSentAt,
      sentDateTime: envelope.sentAt,
      deliveredDateTime: envelope.deliveredAt,
      completedDateTime: envelope.completedAt,
      declinedDateTime: envelope.declinedAt,
      voidedDateTime: envelope.voidedAt,
      deletedDateTime: envelope.deletedAt,
      statusChangedDateTime: envelope.changedAt,
      expireDateTime: expireAfter === null || sentAt === null ? null : sentAt + expireAfter * 86_400_000,
    }),
    expireEnabled: String(expireAfter !== null),
    ...(expireAfter !== null && { expireAfter: String(expireAfter) }),
    ...(envelope.voidedReason !== null && { voidedReason: envelope.voidedReason }),
    purgeState: 'unpurged',
    isSignatureProviderEnvelope: 'false',
    envelopeIdStamping: 'true',
    sender: presentSender(envelope, users),
    ...((include.has('recipients') || include.has('tabs')) && {
      recipients: presentRecipients(envelope, include.has('tabs')),
    }),
    ...(include.has('custom_fields') && { customFields: presentCustomFields(envelope) }),
    ...(include.has('documents') && { envelopeDocuments: presentDocuments(envelope) }),
  };
}

function presentSender(envelope: Envelope, users: readonly StandInUser[]): Record<string, string> {
  const user = users.find(({ userId }) => userId === envelope.senderId);
  return {
    userName: user?.name ?? '',
    userId: envelope.senderId,
    accountId: envelope.accountId,
    email: user?.email ?? '',
  };
}

export function presentCustomFields(envelope: Envelope): Record<string, unknown> {
  return { textCustomFields: envelope.customFields.map((field) => ({ ...field })), listCustomFields: [] };
}

export function presentRecipients(envelope: Envelope, withTabs: boolean): Record<string, unknown> {
  const ofKind = (kind: Recipient['kind']): Record<string, unknown>[] =>
    envelope.recipients.filter((one) => one.kind === kind).map((one) => presentRecipient(one, withTabs));
  const current = envelope.recipients.filter(({ status }) => status === 'sent' || status === 'delivered');
  return {
    signers: ofKind('signers'),
    agents: [],
    editors: [],
    intermediaries: [],
    carbonCopies: ofKind('carbonCopies'),
    certifiedDeliveries: [],
    inPersonSigners: [],
    seals: [],
    witnesses: [],
    recipientCount: String(envelope.recipients.length),
    ...(current.length > 0 && {
      currentRoutingOrder: String(Math.min(...current.map(({ routingOrder }) => routingOrder))),
    }),
  };
}

export function presentRecipient(recipient: Recipient, withTabs: boolean): Record<string, unknown> {
  const { kind, recipientId, recipientIdGuid, name, email, routingOrder, roleName, clientUserId, note } = recipient;
  return {
    ...(kind === 'signers' && { isBulkRecipient: 'false', requireUploadSignature: 'false' }),
    name,
    email,
    recipientId,
    recipientIdGuid,
    requireIdLookup: 'false',
    routingOrder: String(routingOrder),
    ...(roleName !== null && { roleName }),
    ...(clientUserId !== null && { clientUserId }),
    ...(note !== null && { note }),
    status: recipient.status,
    deliveryMethod: 'email',
    recipientType: kind === 'signers' ? 'signer' : 'carboncopy',
    ...stamps({
      sentDateTime: recipient.sentAt,
      deliveredDateTime: recipient.deliveredAt,
      signedDateTime: recipient.signedAt,
      declinedDateTime: recipient.declinedAt,
    }),
    ...(recipient.declinedReason !== null && { declinedReason: recipient.declinedReason }),
    ...(kind === 'signers' && { totalTabCount: String(recipient.tabs.length) }),
    ...(withTabs && kind === 'signers' && { tabs: presentTabs(recipient) }),
  };
}

function presentTabs(recipient: Recipient): Record<string, unknown[]> {
  const byType: Record<string, unknown[]> = {};
  for (const tab of recipient.tabs) (byType[tab.type] ??= []).push(presentTab(tab, recipient));
  for (const { type, fields } of recipient.unplaced) (byType[type] ??= []).push({ ...fields });
  return byType;
}

function presentTab(tab: Tab, recipient: Recipient): Record<string, string> {
  return {
    ...tab.fields,
    tabId: tab.tabId,
    documentId: tab.documentId,
    pageNumber: String(tab.pageNumber),
    xPosition: String(Math.round(tab.x)),
    yPosition: String(Math.round(tab.y)),
    recipientId: recipient.recipientId,
    recipientIdGuid: recipient.recipientIdGuid,
    tabType: tab.type.replace(/Tabs$/, '').toLowerCase(),
    status: recipient.status === 'completed' ? 'signed' : 'active',
    ...(tab.value !== null && { value: tab.value }),
  };
}

export function presentDocuments(envelope: Envelope): Record<string, unknown>[] {
  const content = envelope.documents.map((document) => ({
    documentId: document.documentId,
    documentIdGuid: document.documentIdGuid,
    name: document.name,
    type: 'content',
    uri: `/envelopes/${envelope.envelopeId}/documents/${document.documentId}`,
    order: String(document.order),
    pages: document.pages.map((_page, index) => ({
      sequence: String(index + 1),
      height: '792',
      width: '612',
      dpi: '72',
    })),
    availableDocumentTypes: [{ type: 'electronic', isDefault: 'true' }],
    display: 'inline',
    includeInDownload: 'true',
    signerMustAcknowledge: 'no_interaction',
    templateRequired: 'false',
    authoritativeCopy: 'false',
  }));
  if (envelope.status === 'created') return content;
  const certificate = {
    documentId: 'certificate',
    name: 'Summary',
    type: 'summary',
    uri: `/envelopes/${envelope.envelopeId}/documents/certificate`,
    order: '999',
    display: 'inline',
    includeInDownload: 'true',
  };
  return [...content, certificate];
}
