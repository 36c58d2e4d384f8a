import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { DealSnapshot } from '../../deal/snapshot.js';
import type { AtlasVisitor, SandboxEnvelope } from './atlas-visitor.js';
import { openSignedDocument } from './signed-document.js';
import { DECLINE_REASON, type Story } from './stories.js';

export interface Check {
  what: string;
  /** Null when it holds, else what was found instead. */
  problem: string | null;
}

/** A deal's row in the CRM, beside its billing row and its attachments. */
export const crmRowSchema = z.object({
  stage: z.string(),
  envelope_id: z.string().nullable(),
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

/** What the deal and Atlas say: while the stack still runs. */
export async function checkDeal(story: Story, deal: DealSnapshot, atlas: AtlasVisitor): Promise<Check[]> {
  const envelopes = await atlas.envelopesOf(deal.dealId);
  const envelope = envelopes[0] === undefined ? null : await atlas.envelope(envelopes[0]);
  const requests = envelope?.mails.filter(({ kind }) => kind === 'signature_request').length;
  return [
    same('it ends as it should', deal.stage, story.outcome),
    same('Atlas has one envelope of it', envelopes.join(', '), deal.envelopeId),
    same('each signer was asked once', requests, story.signers.length),
    ...(envelope === null || story.outcome !== 'completed' ? [] : await checkFiled(story, deal, envelope)),
  ];
}

async function checkFiled(story: Story, { signedPdf }: DealSnapshot, envelope: SandboxEnvelope): Promise<Check[]> {
  if (signedPdf === null) return [{ what: 'the signed PDF is filed', problem: 'nothing is filed' }];
  try {
    const filed = await openSignedDocument(await readFile(fileURLToPath(signedPdf.uri)));
    const missing = story.signers.filter(({ name }) => !filed.text.includes(`Signed by ${name} on`));
    const original = story.pages ?? envelope.document.pages ?? 0;
    return [
      same('the filed PDF has every page and the certificate', filed.pages, original + CERTIFICATE_PAGES),
      same('it has every signature', missing.map(({ role }) => `${role} missing`).join(', '), ''),
      same('its sha256 is what the deal says', filed.sha256, signedPdf.sha256),
    ];
  } catch (error) {
    return [{ what: 'the filed PDF opens', problem: error instanceof Error ? error.message : String(error) }];
  }
}

/** What the CRM holds of the deal: once the worker has let go of its database. */
export function checkCrm(story: Story, deal: DealSnapshot, row: CrmRow | undefined): Check[] {
  if (row === undefined) return [{ what: 'the CRM knows the deal', problem: 'it has no such row' }];
  const signed = story.outcome === 'completed';
  return [
    same('the CRM has the outcome', row.outcome, story.outcome),
    same('the CRM has the envelope', row.envelope_id, deal.envelopeId),
    same('billing knows', row.billing, signed ? 'signed' : 'closed'),
    same('the CRM has the signed PDF, once', row.attachments, signed ? 1 : 0),
    same("the CRM's sha256 is the file's", row.signed_pdf_sha256, deal.signedPdf?.sha256 ?? null),
    ...(story.outcome === 'declined' ? [same('the CRM has the reason', row.reason, DECLINE_REASON)] : []),
  ];
}

/** Over all deals: nothing was made, sent or paid twice. */
export async function checkTotals(deals: number, atlasKey: string, atlas: AtlasVisitor): Promise<Check[]> {
  const { envelopes, sends, spent } = await atlas.state();
  return [
    same('envelopes at Atlas', envelopes, deals),
    same('sends at Atlas', sends, deals),
    same('credits spent at Atlas', spent[atlasKey], deals),
  ];
}
