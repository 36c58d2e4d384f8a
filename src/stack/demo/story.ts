/** What a story of the demo tells, and how it is played. */
import { isFinal, type FinalStage } from '../../deal/stages.js';
import type { Credits, DealSnapshot } from '../../deal/snapshot.js';
import type { AtlasVisitor } from './atlas-visitor.js';
import type { DOCUMENT_TYPES } from './document-types.js';
import type { GatewayCaller, NewDeal, NewParty } from './gateway-caller.js';
import { keepTrying, Refused } from './patience.js';

export interface Story {
  /** Begins the deal id, and names the deal in the demo's lines. */
  name: string;
  title: string;
  /** Name of the story that must have ended before this one begins. */
  after?: string;
  documentType: keyof typeof DOCUMENT_TYPES;
  contract: { file: 'order-form.pdf' | 'order-form.docx' } | { template: string; prefill: Record<string, string> };
  /** Pages of the contract as it is sent, where that is known beforehand. */
  pages?: number;
  /** The envelopes that are made for the deal, oldest first. All of them go out. */
  envelopes: readonly [StoryEnvelope, ...StoryEnvelope[]];
  outcome: FinalStage;
  /** Why it ended as it did, as the CRM has it; null for a signed contract. */
  reason: string | null;
  /** How often it comes up for review. */
  reviews: number;
  costs: Credits;
  /** What the people do once the deal has started. */
  people: (cast: Cast) => Promise<void>;
}

export interface StoryEnvelope {
  /** In the order of their turns. Each of them gets the turn. */
  signers: readonly Signer[];
  /** How Atlas has it in the end. */
  end: 'signed' | 'declined' | 'voided';
  /** Reminders that are mailed; by default none. */
  reminders?: number;
}

export interface Signer {
  name: string;
  role: string;
  email: string;
}

export interface Cast {
  dealId: string;
  gateway: GatewayCaller;
  atlas: AtlasVisitor;
  /** Settles with the first snapshot that fits. */
  until: (fits: (deal: DealSnapshot) => boolean) => Promise<DealSnapshot>;
}

/** Drives one deal from the CRM's event to its end; answers its last snapshot. `seen` is told of every look at the deal. */
export async function play(
  story: Story,
  dealId: string,
  { gateway, atlas, signal }: { gateway: GatewayCaller; atlas: AtlasVisitor; signal: AbortSignal },
  seen: (deal: DealSnapshot) => void,
): Promise<DealSnapshot> {
  const until: Cast['until'] = (fits) =>
    keepTrying(`deal ${dealId}`, signal, async () => {
      const deal = await gateway.deal(dealId);
      seen(deal);
      if (fits(deal)) return deal;
      if (isFinal(deal.stage)) throw new Refused(`Deal ${dealId} ended as ${deal.stage} before its time.`);
      return undefined;
    });
  await gateway.start(newDeal(story, dealId));
  await story.people({ dealId, gateway, atlas, until });
  return until((deal) => isFinal(deal.stage));
}

function newDeal({ documentType, contract, envelopes }: Story, dealId: string): NewDeal {
  const parties = partiesOf(envelopes[0].signers);
  return 'file' in contract
    ? { dealId, documentType, parties, document: { uri: `file:contracts/${contract.file}` } }
    : { dealId, documentType, parties, prefill: contract.prefill };
}

export function partiesOf(signers: readonly Signer[]): NewParty[] {
  return signers.map((signer, index) => ({ ...signer, order: index + 1 }));
}

export function contractOf({ contract }: Story): string {
  return 'file' in contract ? contract.file : contract.template;
}

export function envelopeOf({ dealId, envelopeId }: DealSnapshot): string {
  if (envelopeId === null) throw new Error(`Deal ${dealId} has no envelope.`);
  return envelopeId;
}
