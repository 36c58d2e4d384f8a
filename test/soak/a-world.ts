/** Made-up worlds for the soak's comparison: one in which everybody agrees, to be spoilt in one place. */
import type { AtlasEnvelope } from '../../soak/atlas-desk.js';
import type { DealFacts, World } from '../../soak/world.js';
import { openFigures } from '../../src/deal/figures.js';
import type { DealSnapshot, TimelineEntry } from '../../src/deal/snapshot.js';
import type { FinalStage } from '../../src/deal/stages.js';

const AT = '2026-01-05T10:00:00.000Z';
export const SHA = 'a'.repeat(64);

export function entry(what: string, by = 'countersign', at = AT): TimelineEntry {
  return { at, what, by };
}

export function aSnapshot(dealId: string, details: Partial<DealSnapshot> = {}): DealSnapshot {
  return {
    dealId,
    round: 1,
    documentType: 'plain',
    provider: 'atlas',
    stage: 'completed',
    since: AT,
    waitingFor: null,
    blocked: null,
    envelopeId: `env-${dealId}`,
    revision: 1,
    reviewUrl: null,
    document: null,
    fieldsStatus: 'ready',
    fieldsVersion: 1,
    parties: [{ role: 'Customer', order: 1, status: 'signed' }],
    reviewDue: null,
    expiresAt: null,
    actions: [],
    figures: openFigures(AT),
    replaced: [],
    credits: { spent: 1, refunded: 0 },
    apiKeyId: null,
    signedPdf: {
      ...{ uri: `file:///filed/${dealId}.pdf`, sha256: SHA, bytes: 1000, pages: 3 },
      certificate: { uri: `file:///filed/${dealId}.certificate.pdf`, sha256: SHA, bytes: 100 },
    },
    timeline: [entry('deal started: plain', 'crm'), entry('approved', 'reviewer'), entry('stage: completed')],
    ...details,
  };
}

export function anEnvelope(dealId: string, details: Partial<AtlasEnvelope> = {}): AtlasEnvelope {
  const id = details.id ?? `env-${dealId}`;
  return {
    id,
    status: 'signed',
    createdAt: AT,
    sentAt: AT,
    autoSend: false,
    creditRefunded: false,
    metadata: { external_id: `deal-${dealId}/r1` },
    parties: [],
    mails: [],
    calls: [{ at: AT, method: 'POST', path: `/api/envelope/${id}/send`, status: 200, replayed: false }],
    ...details,
  };
}

/** A deal about which everybody agrees: completed, or ended in another way with its envelope voided. */
function aDeal(dealId: string, end: FinalStage): DealFacts {
  const completed = end === 'completed';
  const credits = { spent: 1, refunded: completed ? 0 : 1 };
  const timeline = [entry('deal started: plain', 'crm'), entry('approved', 'reviewer'), entry(`stage: ${end}`)];
  const snapshot = aSnapshot(dealId, { stage: end, credits, timeline, ...(!completed && { signedPdf: null }) });
  const envelopeId = `env-${dealId}`;
  return {
    dealId,
    path: { name: 'happy', ends: [end], documentType: 'plain' },
    end,
    starts: 1,
    snapshot,
    run: { status: 'COMPLETED', result: { outcome: end, envelopeId }, stuckAt: [] },
    crm: {
      gone: false,
      notes: [],
      attachments: completed ? [{ sha256: SHA, envelopeId, whole: true }] : [],
      record: {
        ...{ version: 5, stage: end, outcome: end, envelopeId },
        ...(completed ? { signedAt: AT, reason: null } : { signedAt: null, reason: 'deal lost' }),
      },
    },
  };
}

/** A completed deal `good` and a cancelled deal `lost`. */
export function aWorld(): World {
  return {
    deals: [aDeal('good', 'completed'), aDeal('lost', 'cancelled')],
    envelopes: [anEnvelope('good'), anEnvelope('lost', { status: 'voided', creditRefunded: true })],
    atlas: { spent: 2, refunded: 1, bucketAuthorizationLeaks: 0, duplicates: { externalIds: 0, sends: 0 } },
    filed: [
      { uri: 'file:///filed/good.pdf', sha256: SHA, text: 'Envelope env-good' },
      { uri: 'file:///filed/good.certificate.pdf', sha256: SHA, text: null },
    ],
    complaints: [],
  };
}
