/** The three deals of the demo, each told as the people in it live it. */
import { isFinal, type FinalStage } from '../../deal/stages.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import type { AtlasVisitor } from './atlas-visitor.js';
import type { GatewayCaller, NewDeal } from './gateway-caller.js';
import { keepTrying, Refused } from './patience.js';

export interface Story {
  /** Ends the deal id, and names the deal in the demo's lines. */
  name: string;
  title: string;
  document: 'order-form.pdf' | 'order-form.docx';
  /** Pages of the document as it is sent, where its file says so. */
  pages?: number;
  signers: { name: string; role: string }[];
  outcome: FinalStage;
  /** What the people do once the draft awaits its review. */
  people: (cast: Cast) => Promise<void>;
}

export interface Cast {
  dealId: string;
  gateway: GatewayCaller;
  atlas: AtlasVisitor;
  /** Settles with the first snapshot that fits. */
  until: (fits: (deal: DealSnapshot) => boolean) => Promise<DealSnapshot>;
}

export const DECLINE_REASON = 'The notice period is too long for us';

export const STORIES: readonly Story[] = [
  {
    name: 'two-signers',
    title: 'approved here, signed by two in turn',
    document: 'order-form.pdf',
    pages: 2,
    signers: [
      { name: 'Nora Lindqvist', role: 'Customer' },
      { name: 'Tomas Okafor', role: 'Supplier' },
    ],
    outcome: 'completed',
    people: async ({ dealId, gateway, atlas, until }) => {
      await gateway.approve(dealId);
      const envelopeId = envelopeOf(await until((deal) => deal.stage === 'out-for-signature'));
      await atlas.sign(envelopeId, 1, 'Nora Lindqvist');
      await atlas.sign(envelopeId, 2, 'Tomas Okafor');
    },
  },
  {
    name: 'review-page',
    title: "sent from Atlas's review page",
    document: 'order-form.docx',
    signers: [{ name: 'Priya Raman', role: 'Customer' }],
    outcome: 'completed',
    people: async ({ dealId, gateway, atlas, until }) => {
      const draft = await gateway.deal(dealId);
      if (draft.reviewUrl === null) throw new Error(`Deal ${dealId} shows its reviewer no review link.`);
      const envelopeId = envelopeOf(draft);
      await atlas.pressSend(draft.reviewUrl, envelopeId);
      await until((deal) => deal.stage === 'out-for-signature');
      await atlas.sign(envelopeId, 1, 'Priya Raman');
    },
  },
  {
    name: 'declined',
    title: 'declined by the signer',
    document: 'order-form.pdf',
    signers: [{ name: 'Jonas Weber', role: 'Customer' }],
    outcome: 'declined',
    people: async ({ dealId, gateway, atlas, until }) => {
      await gateway.approve(dealId);
      const envelopeId = envelopeOf(await until((deal) => deal.stage === 'out-for-signature'));
      await atlas.decline(envelopeId, 1, DECLINE_REASON);
    },
  },
];

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
  await until((deal) => deal.stage === 'in-review');
  await story.people({ dealId, gateway, atlas, until });
  return until((deal) => isFinal(deal.stage));
}

function newDeal(story: Story, dealId: string): NewDeal {
  const parties = story.signers.map(({ name, role }, index) => ({
    name,
    role,
    order: index + 1,
    email: `${name.toLowerCase().replace(' ', '.')}@example.com`,
  }));
  return { dealId, documentType: 'order-form', document: { uri: `file:contracts/${story.document}` }, parties };
}

function envelopeOf({ dealId, envelopeId }: DealSnapshot): string {
  if (envelopeId === null) throw new Error(`Deal ${dealId} has no envelope.`);
  return envelopeId;
}
