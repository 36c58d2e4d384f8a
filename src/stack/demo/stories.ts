/** The deals of the demo, each told as the people in it live it. */
import { envelopeOf, partiesOf, type Cast, type Signer, type Story } from './story.js';

const DECLINE_REASON = 'The notice period is too long for us';
const CANCEL_REASON = 'lost to a competitor';
const VOID_REASON = 'sent with the prices of last year';
const WRONG_ADDRESS = 'the address is of somebody who has left';

const NORA = signer('Nora Lindqvist', 'Customer');
const TOMAS = signer('Tomas Okafor', 'Supplier');
const PRIYA = signer('Priya Raman', 'Customer');
const JONAS = signer('Jonas Weber', 'Customer');
const MEI = signer('Mei Tanaka', 'Customer');
const DIEGO = signer('Diego Alvarez', 'Customer');
const HANNA = signer('Hanna Virtanen', 'Customer');
const OMAR = signer('Omar Haddad', 'Customer');
const LUCIA = signer('Lucia Ferrari', 'Customer');
const PETER = signer('Peter Novak', 'Customer');
const GRACE = signer('Grace Mensah', 'Company');

export const STORIES: readonly Story[] = [
  {
    name: 'two-signers',
    title: 'approved here, signed by two in turn',
    documentType: 'order-form',
    contract: { file: 'order-form.pdf' },
    pages: 2,
    envelopes: [{ signers: [NORA, TOMAS], end: 'signed' }],
    outcome: 'completed',
    reason: null,
    reviews: 1,
    costs: { spent: 1, refunded: 0 },
    people: async (cast) => signedBy([NORA, TOMAS], await approved(cast), cast),
  },
  {
    name: 'review-page',
    title: "sent from Atlas's review page",
    documentType: 'order-form',
    contract: { file: 'order-form.docx' },
    envelopes: [{ signers: [PRIYA], end: 'signed' }],
    outcome: 'completed',
    reason: null,
    reviews: 1,
    costs: { spent: 1, refunded: 0 },
    people: async (cast) => {
      const draft = await cast.until((deal) => deal.stage === 'in-review');
      if (draft.reviewUrl === null) throw new Error(`Deal ${cast.dealId} shows its reviewer no review link.`);
      await cast.atlas.pressSend(draft.reviewUrl, envelopeOf(draft));
      await signedBy([PRIYA], await out(cast), cast);
    },
  },
  {
    name: 'declined',
    title: 'declined by the signer',
    documentType: 'order-form',
    contract: { file: 'order-form.pdf' },
    envelopes: [{ signers: [JONAS], end: 'declined' }],
    outcome: 'declined',
    reason: DECLINE_REASON,
    reviews: 1,
    costs: { spent: 1, refunded: 0 },
    people: async (cast) => cast.atlas.decline(await approved(cast), 1, DECLINE_REASON),
  },
  {
    name: 'reissued',
    title: 'out to a wrong address, amended and signed',
    documentType: 'order-form',
    contract: { file: 'order-form.pdf' },
    pages: 2,
    envelopes: [
      { signers: [{ ...MEI, email: 'm.tanaka@example.com' }], end: 'voided' },
      { signers: [MEI], end: 'signed' },
    ],
    outcome: 'completed',
    reason: null,
    reviews: 2,
    costs: { spent: 2, refunded: 1 },
    people: async (cast) => {
      await approved(cast);
      await cast.gateway.amend(cast.dealId, { parties: partiesOf([MEI]), reason: WRONG_ADDRESS });
      await signedBy([MEI], await approved(cast, 2), cast);
    },
  },
  {
    name: 'cancelled',
    title: 'lost in the CRM while it was out',
    documentType: 'order-form',
    contract: { file: 'order-form.pdf' },
    envelopes: [{ signers: [DIEGO], end: 'voided' }],
    outcome: 'cancelled',
    reason: CANCEL_REASON,
    reviews: 1,
    costs: { spent: 1, refunded: 1 },
    people: async (cast) => {
      await approved(cast);
      await cast.gateway.cancel(cast.dealId, CANCEL_REASON);
    },
  },
  {
    name: 'voided',
    title: 'voided at Atlas by a colleague',
    documentType: 'order-form',
    contract: { file: 'order-form.pdf' },
    envelopes: [{ signers: [OMAR], end: 'voided' }],
    outcome: 'voided',
    reason: VOID_REASON,
    reviews: 1,
    costs: { spent: 1, refunded: 1 },
    people: async (cast) => cast.atlas.void(await approved(cast), VOID_REASON),
  },
  {
    name: 'expired',
    title: 'reminded once, never signed',
    documentType: 'limited-offer',
    contract: { file: 'order-form.pdf' },
    envelopes: [{ signers: [HANNA], end: 'voided', reminders: 1 }],
    outcome: 'expired',
    reason: 'not signed in time',
    reviews: 1,
    costs: { spent: 1, refunded: 1 },
    people: async (cast) => {
      await approved(cast);
    },
  },
  {
    name: 'template',
    title: 'made from a template, its first contract reviewed by a person',
    documentType: 'standard-order',
    contract: { template: 'tmpl_1', prefill: { company: 'Brightwater Ltd', amount: 'EUR 4,800.00' } },
    pages: 1,
    envelopes: [{ signers: [LUCIA, GRACE], end: 'signed' }],
    outcome: 'completed',
    reason: null,
    reviews: 1,
    costs: { spent: 1, refunded: 0 },
    people: async (cast) => signedBy([LUCIA, GRACE], await approved(cast), cast),
  },
  {
    name: 'trusted',
    title: 'made from the template that a person has let out before, sent without a review',
    after: 'template',
    documentType: 'standard-order',
    contract: { template: 'tmpl_1', prefill: { company: 'Castellan Foods', amount: 'EUR 12,350.00' } },
    pages: 1,
    envelopes: [{ signers: [PETER, GRACE], end: 'signed' }],
    outcome: 'completed',
    reason: null,
    reviews: 0,
    costs: { spent: 1, refunded: 0 },
    people: async (cast) => signedBy([PETER, GRACE], await out(cast), cast),
  },
];

function signer(name: string, role: string): Signer {
  return { name, role, email: `${name.toLowerCase().replace(' ', '.')}@example.com` };
}

/** The reviewer lets the draft of the revision out; answers its envelope once it is with the signers. */
async function approved(cast: Cast, revision = 1): Promise<string> {
  await cast.until((deal) => deal.stage === 'in-review' && deal.revision === revision);
  await cast.gateway.approve(cast.dealId, revision);
  return out(cast);
}

async function out({ until }: Cast): Promise<string> {
  return envelopeOf(await until((deal) => deal.stage === 'out-for-signature'));
}

async function signedBy(signers: readonly Signer[], envelopeId: string, { atlas }: Cast): Promise<void> {
  for (const [index, { name }] of signers.entries()) await atlas.sign(envelopeId, index + 1, name);
}
