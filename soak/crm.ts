/** What people do in a CRM, and what it says of a deal in the end, whichever CRM it is. */

export interface CrmRecord {
  version: number;
  stage: string;
  outcome: string | null;
  envelopeId: string | null;
  reason: string | null;
  signedAt: string | null;
}

export interface CrmAttachment {
  sha256: string;
  envelopeId: string;
  /** Whether the bytes have that sha256. */
  whole: boolean;
}

export interface CrmDeal {
  record: CrmRecord | null;
  notes: string[];
  attachments: CrmAttachment[];
  /** It was deleted here: every write is answered with 410. */
  gone: boolean;
  /** Writes that came again under their key and said something else. */
  contradictions: string[];
}

/** Told of each stage that the CRM has taken; `at` in milliseconds since the epoch. */
export type StageHeard = (dealId: string, stage: string, at: number) => void;

export interface TrialCrm {
  deal(dealId: string): Readonly<CrmDeal> | Promise<Readonly<CrmDeal>>;
  /** The company has the deal no more. */
  remove(dealId: string): void | Promise<void>;
  /** Settles at the next write that was taken for the deal, or after `ms`. */
  written(dealId: string, ms: number): Promise<void>;
}
