/** What the stand-in keeps of an envelope. Times are milliseconds since 1970. */
export type EnvelopeStatus = 'created' | 'sent' | 'delivered' | 'signed' | 'completed' | 'declined' | 'voided';
export type RecipientStatus = 'created' | 'sent' | 'delivered' | 'completed' | 'declined';
export type RecipientKind = 'signers' | 'carbonCopies';

export interface Tab {
  /** `signHereTabs`, `textTabs`, … */
  type: string;
  tabId: string;
  documentId: string;
  pageNumber: number;
  /** 72 dpi, from the top left corner. */
  x: number;
  y: number;
  value: string | null;
  /** As they were given. */
  fields: Record<string, string>;
}

export interface Recipient {
  kind: RecipientKind;
  recipientId: string;
  recipientIdGuid: string;
  name: string;
  email: string;
  routingOrder: number;
  roleName: string | null;
  clientUserId: string | null;
  note: string | null;
  status: RecipientStatus;
  sentAt: number | null;
  deliveredAt: number | null;
  signedAt: number | null;
  declinedAt: number | null;
  declinedReason: string | null;
  tabs: Tab[];
  /** Tabs with an anchor that is yet to be looked for. */
  unplaced: GivenTab[];
}

export interface GivenTab {
  type: string;
  fields: Record<string, string>;
}

export interface PlacedText {
  text: string;
  /** Where each piece of the text begins, and where it stands on the page. */
  pieces: { from: number; x: number; y: number }[];
}

export interface EnvelopeDocument {
  documentId: string;
  documentIdGuid: string;
  name: string;
  order: number;
  /** PDF, whatever it was given as. */
  bytes: Buffer;
  pages: PlacedText[];
}

export interface CustomField {
  fieldId: string;
  name: string;
  value: string;
  show: string;
  required: string;
}

export interface Subscription {
  configurationId: number;
  url: string;
  events: string[];
  includeData: string[];
  includeHmac: boolean;
  requireAcknowledgment: boolean;
  /** JSON of REST v2.1; the default of the field is another one. */
  json: boolean;
}

export interface Envelope {
  envelopeId: string;
  accountId: string;
  senderId: string;
  status: EnvelopeStatus;
  deletedAt: number | null;
  emailSubject: string;
  emailBlurb: string;
  documents: EnvelopeDocument[];
  recipients: Recipient[];
  customFields: CustomField[];
  subscriptions: Subscription[];
  transactionId: string | null;
  externalEnvelopeId: string | null;
  templateId: string | null;
  /** Days after sending; null never. */
  expireAfter: number | null;
  reminders: Record<string, string> | null;
  createdAt: number;
  changedAt: number;
  modifiedAt: number;
  initialSentAt: number | null;
  sentAt: number | null;
  deliveredAt: number | null;
  signedAt: number | null;
  completedAt: number | null;
  declinedAt: number | null;
  voidedAt: number | null;
  voidedReason: string | null;
}

export const TERMINAL: readonly EnvelopeStatus[] = ['completed', 'declined', 'voided'];

export function signersOf(envelope: Envelope): Recipient[] {
  return envelope.recipients.filter(({ kind }) => kind === 'signers');
}

export function moveOn(envelope: Envelope, status: EnvelopeStatus, now: number): void {
  envelope.status = status;
  envelope.changedAt = now;
  envelope.modifiedAt = now;
}
