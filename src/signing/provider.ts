/**
 * The port to an e-sign provider. Activities see only this; the drivers beside it know the vendor.
 * Every method may be called again after an unclear outcome: creates and sends carry an idempotency key, the rest is repeatable by nature.
 * All methods throw `ProviderError`.
 */
import type { Party, PartyProgress } from '../deal/party.js';
import type { FieldByAnchor, ProviderName, Transport } from '../deal/policy.js';
import type { FieldsStatus } from '../deal/snapshot.js';

export interface EnvelopeDocument {
  /** File name with its extension, free of personal data. */
  name: string;
  contentType: 'application/pdf' | 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  bytes: Uint8Array;
}

export interface EnvelopeDraft {
  /** Present unless `transport` is `link`. */
  document?: EnvelopeDocument;
  /** Present when `transport` is `link`. */
  documentUrl?: string;
  transport: Transport;
  /** For providers that find no fields by themselves; others ignore them. */
  fields?: readonly FieldByAnchor[];
  parties: readonly Party[];
  /** Left out: nobody is told what becomes of it. */
  webhookUrl?: string;
  /** Of the mail to the signers, where the provider lets us choose. */
  subject?: string;
  /** The CRM's own words; `external_id` and `client_reference_id` of these do not count. */
  metadata?: Readonly<Record<string, string>>;
  /** Finds the envelope again when the answer to its creation was lost. */
  externalId: string;
  clientReferenceId: string;
}

export interface CreatedEnvelope {
  envelopeId: string;
  reviewUrl: string | null;
}

/** What a template asks of whoever sends it. */
export interface TemplateFacts {
  id: string;
  /** Another one whenever the template has changed, as far as the provider tells: letters, digits and dashes. */
  version: string;
  /** Each must be filled by exactly one signer. */
  roles: string[];
  prefillKeys: string[];
  /** False when it must be signed off first; null where the provider does not tell. */
  ready: boolean | null;
}

/** An envelope made from a template. */
export interface TemplateDraft {
  templateId: string;
  parties: readonly Party[];
  /** Texts by prefill key. */
  prefill: Readonly<Record<string, string>>;
  /** True sends at once, for one credit; false leaves a draft to review. */
  autoSend: boolean;
  webhookUrl?: string;
  subject?: string;
  metadata?: Readonly<Record<string, string>>;
  externalId: string;
  clientReferenceId: string;
}

/** Who signs or signed, by name of their turn. Personal data: never to be logged nor handed on. */
export interface Signer {
  order: number;
  role: string;
  email: string;
}

/** `draft` is not sent, `pending` is out for signature. `unknown` stands for words this code has never seen. */
export type EnvelopeStatus = 'draft' | 'pending' | 'signed' | 'declined' | 'voided' | 'unknown';

export interface EnvelopeReading {
  envelopeId: string;
  status: EnvelopeStatus;
  /** Whether it was ever sent, which cost a credit; null where the provider does not tell. */
  sent: boolean | null;
  fieldsStatus: FieldsStatus;
  fieldsVersion: number | null;
  /** Why detection failed, in the provider's words. */
  detectionError: string | null;
  /** Per-party progress, or null where the provider does not tell. */
  parties: PartyProgress[] | null;
  signedCount: number | null;
  reviewUrl: string | null;
  externalId: string | null;
  /** Why it was declined or voided, in the provider's or signer's words; null when not told. */
  reason: string | null;
}

/** A field of an envelope, found by the provider or placed by us: what a shadow draft is compared by. */
export interface PlacedField {
  kind: FieldByAnchor['kind'] | 'other';
  /** Role of whom it is for; null where the provider does not tell. */
  role: string | null;
  /** 1-based; null where the provider does not tell. */
  page: number | null;
}

export interface SigningProvider {
  readonly name: ProviderName | 'paper';
  /** Fingerprint of the API key in use, fit for logs: its first 8 hex digits of SHA-256. */
  readonly apiKeyId: string;
  /**
   * The same provider on behalf of a tenant: every call names its account, and sees nothing of others'. Closing it closes nothing. Throws
   * `ProviderError` (`invalid`) where the provider has no accounts within ours.
   */
  forTenant(tenant: string): SigningProvider;
  createEnvelope(draft: EnvelopeDraft, idempotencyKey: string): Promise<CreatedEnvelope>;
  readTemplate(templateId: string): Promise<TemplateFacts>;
  /** Makes an envelope of a template, sent at once where `autoSend` says so. */
  sendTemplate(draft: TemplateDraft, idempotencyKey: string): Promise<CreatedEnvelope>;
  /** Envelopes whose `external_id` is exactly this, newest first, those of every status. */
  findEnvelopes(externalId: string): Promise<EnvelopeReading[]>;
  readEnvelope(envelopeId: string): Promise<EnvelopeReading>;
  /** Sends a draft; `fieldsVersion` makes the provider refuse (kind `conflict`) when the fields changed since. */
  sendEnvelope(
    envelopeId: string,
    request: { parties: readonly Party[]; fieldsVersion: number | null },
    idempotencyKey: string,
  ): Promise<void>;
  voidEnvelope(envelopeId: string, reason: string): Promise<void>;
  /** Address of the provider's own page where the draft is reviewed, made for this moment: it may last for minutes only. Null when there is none. */
  reviewLink(envelopeId: string): Promise<string | null>;
  /** The fields of a draft; null where the provider does not tell. */
  fields(envelopeId: string): Promise<PlacedField[] | null>;
  /**
   * The link of the signer whose turn it is; null when it is nobody's. Kind `conflict` where the provider has none to give. It lets its holder sign: never to be stored or logged. A link that
   * would not be that signer's alone is `unreadable`.
   */
  signLink(envelopeId: string): Promise<string | null>;
  /** Who is to sign or has signed, in the order of their turns, without copies; null where the provider does not tell. */
  signers(envelopeId: string): Promise<Signer[] | null>;
  /** Nudges the signer whose turn it is. */
  remind(envelopeId: string): Promise<void>;
  /** Bytes of the signed PDF, at most the configured size. */
  downloadSigned(envelopeId: string): Promise<Uint8Array>;
  /**
   * The certificate of completion as a PDF of its own, cut out of `signed` where the provider appends it; null when there is none. May throw
   * other errors for a PDF that cannot be read.
   */
  certificate(envelopeId: string, signed: Uint8Array): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/**
 * What went wrong, as the caller must treat it. `unreachable` (no answer), `unavailable` (5xx) and `rate-limited` pass by
 * themselves; the rest needs a change first. `unreadable`: a 2xx answer that does not parse; the message names the field.
 */
export type ProviderErrorKind =
  | 'unreachable'
  | 'unavailable'
  | 'rate-limited'
  | 'unauthorized'
  | 'payment-required'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'invalid'
  | 'unreadable'
  | 'too-large';

export class ProviderError extends Error {
  override readonly name: string = 'ProviderError';
  readonly kind: ProviderErrorKind;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The vendor's own error code, where it gave one. */
  readonly code: string | undefined;
  readonly envelopeId: string | undefined;
  /** What the vendor's `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ProviderErrorKind,
    message: string,
    details: { status?: number; code?: string; envelopeId?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.status = details.status;
    this.code = details.code;
    this.envelopeId = details.envelopeId;
    this.retryAfterMs = details.retryAfterMs;
  }
}
