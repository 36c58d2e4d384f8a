import type { Figures } from './figures.js';
import type { Action } from './messages.js';
import type { PartyProgress } from './party.js';
import type { ProviderName } from './policy.js';
import type { Refusal } from './refusals.js';
import type { FinalStage, Stage } from './stages.js';

export type FieldsStatus = 'pending' | 'ready' | 'failed' | 'recovered_empty' | 'unknown';

export interface Blocked {
  reason: Refusal;
  /** ISO 8601 instant. */
  since: string;
  hint: string;
  /** What the other side said, without personal data. */
  detail: string;
}

export interface TimelineEntry {
  /** ISO 8601 instant. */
  at: string;
  what: string;
  by: string;
}

/** The document of a deal as it was when the deal took it up. `sha256` is lower-case hex of its bytes. */
export interface PinnedDocument {
  kind: 'pdf' | 'docx';
  sha256: string;
  bytes: number;
}

/** The signed PDF where it is filed. `sha256` is lower-case hex of its bytes. */
export interface SignedPdf {
  uri: string;
  sha256: string;
  bytes: number;
  pages: number;
  /** The provider's certificate of completion, filed beside it; null or absent when none could be had. */
  certificate?: FiledCertificate | null;
}

export interface FiledCertificate {
  uri: string;
  sha256: string;
  bytes: number;
}

/** An envelope that another one of the same deal took the place of. */
export interface ReplacedEnvelope {
  envelopeId: string;
  revision: number;
  /** ISO 8601 instant. */
  at: string;
  why: string;
  by: string;
}

/** What the `deal` query answers. `reviewUrl` lets its holder send the contract: only reviewers and operators may see it. */
export interface DealSnapshot {
  dealId: string;
  round: number;
  documentType: string;
  provider: ProviderName;
  /** Absent for a deal of no tenant. */
  tenant?: string;
  stage: Stage;
  since: string;
  waitingFor: string | null;
  blocked: Blocked | null;
  envelopeId: string | null;
  revision: number;
  reviewUrl: string | null;
  /** What the draft was made of; null for a template, an envelope that was taken over, and before the document was fetched. */
  document: PinnedDocument | null;
  fieldsStatus: FieldsStatus | null;
  fieldsVersion: number | null;
  parties: PartyProgress[];
  /** ISO 8601 instants: when a review is overdue, and when the envelope is voided unless it is signed by then. */
  reviewDue: string | null;
  expiresAt: string | null;
  /** Envelopes this one took the place of, oldest first. */
  replaced: ReplacedEnvelope[];
  credits: Credits;
  /** What people may do with the deal as it stands. */
  actions: Action[];
  figures: Figures;
  /** Which API key made the envelope, as a fingerprint: its webhooks are signed with that key. Null where it is not known. */
  apiKeyId: string | null;
  signedPdf: SignedPdf | null;
  timeline: TimelineEntry[];
}

/** What the workflow of a deal returns. Every final stage is a result; none is a failure. */
export interface DealResult {
  outcome: FinalStage;
  envelopeId: string | null;
  reason: string | null;
  revision: number;
  credits: Credits;
  figures: Figures;
  signedPdf: SignedPdf | null;
}

/** Sends that the provider charged for and gave back, over all envelopes of the deal. */
export interface Credits {
  spent: number;
  refunded: number;
}
