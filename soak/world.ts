/** What everybody says in the end: the deals themselves, Temporal, the CRM, Atlas and the document store. Plain data, to be compared. */
import type { DealSnapshot } from '../src/deal/snapshot.js';
import type { FinalStage } from '../src/deal/stages.js';
import type { AtlasEnvelope, AtlasState } from './atlas-desk.js';
import type { CrmDeal } from './crm.js';

export interface DealFacts {
  dealId: string;
  path: { name: string; ends: readonly FinalStage[]; documentType: string; tells?: RegExp; notes?: RegExp };
  /** The end that was seen first; null for a deal that has not ended in time. */
  end: FinalStage | null;
  /** Starts that were answered with "started". */
  starts: number;
  /** The deal's last word; null where the gateway does not know it, or cannot read it any more. */
  snapshot: DealSnapshot | null;
  /** Its run in Temporal: the status, the result of a completed one, and what an open one is trying; null where there is none. */
  run: { status: string; result: { outcome: string; envelopeId: string | null } | null; stuckAt: string[] } | null;
  crm: Pick<CrmDeal, 'record' | 'notes' | 'attachments' | 'gone'>;
}

/** A PDF in the document store. */
export interface FiledFacts {
  uri: string;
  sha256: string;
  /** Null when it cannot be opened. */
  text: string | null;
}

export interface World {
  deals: DealFacts[];
  envelopes: AtlasEnvelope[];
  /** Totals at Atlas; credits are of the one account. */
  atlas: Pick<AtlasState, 'duplicates' | 'bucketAuthorizationLeaks'> & { spent: number; refunded: number };
  filed: FiledFacts[];
  /** Answers of the gateway that no client should ever get. */
  complaints: string[];
}

/** A promise that was not kept. */
export interface Finding {
  counts: 'stranded' | 'duplicate' | 'mismatch';
  dealId: string | null;
  what: string;
}

/** The deal that an envelope was made for, and which of its envelopes it is; null when no deal of Countersign's made it. */
export function makerOf({ metadata }: AtlasEnvelope): { dealId: string; revision: number } | null {
  const made = /^deal-(.+)\/r(\d+)$/.exec(metadata.external_id ?? '');
  return made?.[1] === undefined ? null : { dealId: made[1], revision: Number(made[2]) };
}
