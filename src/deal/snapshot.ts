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

/** The signed PDF where it is filed. `sha256` is lower-case hex of its bytes. */
export interface SignedPdf {
  uri: string;
  sha256: string;
  bytes: number;
  pages: number;
}

/** What the `deal` query answers. `reviewUrl` lets its holder send the contract: only reviewers and operators may see it. */
export interface DealSnapshot {
  dealId: string;
  round: number;
  documentType: string;
  provider: ProviderName;
  stage: Stage;
  since: string;
  waitingFor: string | null;
  blocked: Blocked | null;
  envelopeId: string | null;
  revision: number;
  reviewUrl: string | null;
  fieldsStatus: FieldsStatus | null;
  fieldsVersion: number | null;
  parties: PartyProgress[];
  signedPdf: SignedPdf | null;
  timeline: TimelineEntry[];
}

/** What the workflow of a deal returns. Every final stage is a result; none is a failure. */
export interface DealResult {
  outcome: FinalStage;
  envelopeId: string | null;
  reason: string | null;
  revision: number;
  signedPdf: SignedPdf | null;
}
