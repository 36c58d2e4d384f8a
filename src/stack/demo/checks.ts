import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { DealSnapshot } from '../../deal/snapshot.js';
import type { AtlasVisitor, SandboxEnvelope } from './atlas-visitor.js';
import { DOCUMENT_TYPES } from './document-types.js';
import { openSignedDocument } from './signed-document.js';
import type { Story } from './story.js';

export interface Check {
  what: string;
  /** Null when it holds, else what was found instead. */
  problem: string | null;
}

/** A deal's row in the CRM, beside its billing row and its attachments. */
export const crmRowSchema = z.object({
  envelope_id: z.string().nullable(),
  crm_stage: z.string().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  signed_pdf_sha256: z.string().nullable(),
  billing: z.string(),
  attachments: z.coerce.number(),
});
export type CrmRow = z.output<typeof crmRowSchema>;

const CERTIFICATE_PAGES = 1;

function same(what: string, found: unknown, wanted: unknown): Check {
  return { what, problem: found === wanted ? null : `${String(found)} instead of ${String(wanted)}` };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** What the deal and Atlas say: while the stack still runs. */
export async function checkDeal(story: Story, deal: DealSnapshot, atlas: AtlasVisitor): Promise<Check[]> {
  const made = await atlas.envelopesOf(deal.dealId);
  const envelopes = await Promise.all(made.map((id) => atlas.envelope(id)));
  const known = [...deal.replaced.map(({ envelopeId }) => envelopeId), deal.envelopeId];
  const mailed = (kind: string): string[][] =>
    envelopes.map(({ mails }) => mails.filter((mail) => mail.kind === kind).map(({ to }) => to));
  const told = story.envelopes;
  const last = envelopes.at(-1);
  return [
    same('it ends as it should', deal.stage, story.outcome),
    same('Atlas has these envelopes of it', made.join(', '), known.join(', ')),
    same(
      'they end as they should',
      envelopes.map(({ status }) => status).join(', '),
      told.map(({ end }) => end).join(', '),
    ),
    same('each is a revision', deal.revision, told.length),
    same(
      'each signer was asked once',
      mailed('signature_request').map(String).join('; '),
      told.map(({ signers }) => signers.map(({ email }) => email).join()).join('; '),
    ),
    same(
      'reminders went out as they should',
      mailed('reminder')
        .map(({ length }) => length)
        .join(', '),
      told.map(({ reminders = 0 }) => reminders).join(', '),
    ),
    same('reviews', deal.timeline.filter(({ what }) => what === 'stage: in-review').length, story.reviews),
    same('credits spent', deal.credits.spent, story.costs.spent),
    same('credits given back', deal.credits.refunded, story.costs.refunded),
    ...(last === undefined || story.outcome !== 'completed' ? [] : await checkFiled(story, deal, last)),
  ];
}

async function checkFiled(story: Story, { signedPdf }: DealSnapshot, envelope: SandboxEnvelope): Promise<Check[]> {
  if (signedPdf === null) return [{ what: 'the signed PDF is filed', problem: 'nothing is filed' }];
  try {
    const filed = await openSignedDocument(await readFile(fileURLToPath(signedPdf.uri)));
    const signers = story.envelopes.at(-1)?.signers ?? [];
    const missing = signers.filter(({ name }) => !filed.text.includes(`Signed by ${name} on`));
    const filledIn = 'prefill' in story.contract ? Object.entries(story.contract.prefill) : [];
    const original = story.pages ?? envelope.document.pages ?? 0;
    return [
      same('the filed PDF has every page and the certificate', filed.pages, original + CERTIFICATE_PAGES),
      same('it has every signature', missing.map(({ role }) => `${role} missing`).join(', '), ''),
      same('its sha256 is what the deal says', filed.sha256, signedPdf.sha256),
      ...filledIn.map(([property, text]) => same(`it has its ${property}`, filed.text.includes(text), true)),
    ];
  } catch (error) {
    return [{ what: 'the filed PDF opens', problem: error instanceof Error ? error.message : String(error) }];
  }
}

/** What the CRM holds of the deal: once the worker has let go of its database. */
export function checkCrm(story: Story, deal: DealSnapshot, row: CrmRow | undefined): Check[] {
  if (row === undefined) return [{ what: 'the CRM knows the deal', problem: 'it has no such row' }];
  const signed = story.outcome === 'completed';
  const { crmStages } = DOCUMENT_TYPES[story.documentType];
  return [
    same('the CRM has the outcome', row.outcome, story.outcome),
    same('the CRM has it in the right column', row.crm_stage, crmStages[signed ? 'completed' : 'failed']),
    same('the CRM has the envelope', row.envelope_id, deal.envelopeId),
    same('billing knows', row.billing, signed ? 'signed' : 'closed'),
    same('the CRM has the signed PDF, once', row.attachments, signed ? 1 : 0),
    same("the CRM's sha256 is the file's", row.signed_pdf_sha256, deal.signedPdf?.sha256 ?? null),
    same('the CRM has the reason', row.reason, story.reason),
  ];
}

/** Over all deals: nothing was made, sent or paid but what the stories tell. One send is one credit. */
export async function checkTotals(stories: readonly Story[], atlasKey: string, atlas: AtlasVisitor): Promise<Check[]> {
  const { envelopes, sends, spent, refunded } = await atlas.state();
  const costs = stories.map((story) => story.costs);
  return [
    same('envelopes at Atlas', envelopes, total(stories.map((story) => story.envelopes.length))),
    same('sends at Atlas', sends, total(costs.map((cost) => cost.spent))),
    same('credits spent at Atlas', spent[atlasKey], total(costs.map((cost) => cost.spent))),
    same('credits given back by Atlas', refunded[atlasKey], total(costs.map((cost) => cost.refunded))),
  ];
}
