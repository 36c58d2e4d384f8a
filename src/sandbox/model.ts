/**
 * The records the sandbox keeps. Times are ISO 8601 in UTC with milliseconds; fractions of a page are 0..1 from its top left corner.
 * Absent values are null, so that a record reads the same before and after a restart.
 */

export type EnvelopeStatus = 'draft' | 'pending' | 'signed' | 'declined' | 'voided';
export type FieldsStatus = 'pending' | 'ready' | 'failed' | 'recovered_empty';
export type PartyStatus = 'pending' | 'waiting' | 'signed' | 'declined';
export type DetectionOutcome = 'ready' | 'failed' | 'recovered_empty' | 'never';
export type FieldType = 'signature' | 'initials' | 'date' | 'text' | 'checkbox';

/** What a webhook may tell of (Atlas notes 11.1). */
export const WEBHOOK_EVENTS = [
  'envelope.created',
  'envelope.sent',
  'envelope.viewed',
  'envelope.signed',
  'envelope.declined',
  'envelope.voided',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export interface Party {
  email: string;
  name: string | null;
  role: string | null;
  /** `cc` never signs and does not count in `total`. */
  roleType: string | null;
  order: number;
  company: string | null;
  /** null for a carbon copy, which has no turn. */
  status: PartyStatus | null;
  /** The `?t=` of this party's own sign link. */
  token: string;
  viewedAt: string | null;
  signedAt: string | null;
  /** What the signer typed as their name. */
  signature: string | null;
  ip: string | null;
}

export interface Field {
  id: string;
  type: FieldType;
  label: string | null;
  /** 1-based. */
  page: number;
  xPct: number;
  yPct: number;
  wPct: number;
  hPct: number;
  confidence: number | null;
  /** Index into the envelope's parties; null when nobody is to fill it (a prefilled text of the sender). */
  partyIndex: number | null;
  required: boolean;
  value: string | null;
}

export interface EnvelopeDocument {
  name: string;
  /** Of the PDF that is shown and signed: for DOCX that is the conversion, not the upload. */
  sha256: string;
  bytes: number;
  source: 'pdf' | 'docx';
  /** Known once detection has read the document. */
  pages: number | null;
}

export interface Envelope {
  id: string;
  organisation: string;
  /** The API key that created it, which signs its webhooks (Atlas notes 11.3). */
  keyId: string;
  createdAt: string;
  sentAt: string | null;
  signedAt: string | null;
  declinedAt: string | null;
  declineReason: string | null;
  voidedAt: string | null;
  voidReason: string | null;
  reviewToken: string;
  templateId: string | null;
  document: EnvelopeDocument;
  fieldsStatus: FieldsStatus;
  fieldsVersion: number;
  /** True once somebody placed fields by hand: then a change of parties no longer lays them out anew. */
  fieldsEdited: boolean;
  fields: Field[];
  parties: Party[];
  metadata: Record<string, unknown>;
  webhookUrl: string | null;
  legalFramework: string;
  teamId: string | null;
  autoSend: boolean;
  detection: { outcome: DetectionOutcome; dueAt: string };
  creditRefunded: boolean;
}

/** An organisation and its money. `spent` and `refunded` only ever grow. */
export interface Account {
  id: string;
  credits: number;
  spent: number;
  refunded: number;
  suspended: boolean;
  /** Set on the account of a tenant, which a platform key has made (Atlas notes 16). */
  connected?: ConnectedAccount;
}

export interface ConnectedAccount {
  /** The platform's organisation, which pays unless `child_pays`. */
  platform: string;
  externalId: string;
  name: string;
  billing: 'platform_pays' | 'child_pays';
}

/** An API key ever accepted; kept after it is taken out of the configuration, because old envelopes are still signed with it. */
export interface ApiKey {
  id: string;
  key: string;
  organisation: string;
  /** A platform key may act for connected accounts; a profile key must not name any. */
  platform?: boolean;
}

export interface IdempotencyRecord {
  id: string;
  fingerprint: string;
  storedAt: string;
  answer: StoredAnswer;
}

export interface StoredAnswer {
  status: number;
  /** The body of a success. */
  body: unknown;
  /** Set on a refusal, which is rendered in the error style of the day. */
  refusal: { code: string; message: string } | null;
  envelopeId: string | null;
}

export interface DeliveryAttempt {
  at: string;
  status: number | null;
  error: string | null;
  ms: number;
}

export interface Delivery {
  id: string;
  envelopeId: string;
  event: string;
  url: string;
  keyId: string;
  /** The exact text that is signed and sent. */
  body: string;
  createdAt: string;
  state: 'pending' | 'delivered' | 'failed' | 'dropped';
  attempts: DeliveryAttempt[];
}

export interface Mail {
  id: string;
  envelopeId: string;
  to: string;
  kind: 'signature_request' | 'reminder' | 'completed' | 'declined' | 'voided';
  subject: string;
  at: string;
}

export interface ApiCall {
  id: string;
  envelopeId: string;
  at: string;
  method: string;
  path: string;
  status: number;
  transport: 'json' | 'multipart' | null;
  idempotencyKey: string | null;
  replayed: boolean;
}

export interface TemplateField {
  id: string;
  type: FieldType;
  label: string;
  /** The role that fills it, or null for a text of the sender. */
  role: string | null;
  prefillKey: string | null;
  page: number;
  xPct: number;
  yPct: number;
  wPct: number;
  hPct: number;
}

export interface Template {
  id: string;
  name: string;
  roles: string[];
  prefillKeys: string[];
  fields: TemplateField[];
  /** When it was made or last replaced. */
  updatedAt: string;
  /** sha256 of its PDF; null while it is still to be drawn, at first use. */
  document: string | null;
  ready: boolean;
}

/** What detection learned of a document, kept per hash: an identical file is ready almost at once (Atlas notes 5). */
export interface DetectedDocument {
  id: string;
  pages: number;
}

export interface Leak {
  id: string;
  at: string;
  path: string;
}

/** The status is derived from the timestamps, never set (Atlas notes 4). */
export function statusOf(envelope: Envelope): EnvelopeStatus {
  if (envelope.voidedAt !== null) return 'voided';
  if (envelope.declinedAt !== null) return 'declined';
  if (envelope.signedAt !== null) return 'signed';
  return envelope.sentAt === null ? 'draft' : 'pending';
}

/** The parties that sign, in the order of their turns. */
export function signersOf(envelope: Pick<Envelope, 'parties'>): Party[] {
  return envelope.parties.filter((party) => party.roleType !== 'cc').sort((a, b) => a.order - b.order);
}

/** Whose turn it is: null before send and after the end. */
export function currentSigner(envelope: Envelope): Party | null {
  if (statusOf(envelope) !== 'pending') return null;
  return signersOf(envelope).find((party) => party.status === 'pending') ?? null;
}
