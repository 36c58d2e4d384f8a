/** Deals as opportunities: what Countersign writes to them. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SignedPdf } from '../../deal/snapshot.js';
import type { CrmRecord } from '../../deal/state.js';
import { CrmError, type Crm } from '../crm.js';
import { orderOf } from '../record-order.js';
import type { Fields, SalesforceApi } from './api.js';
import { check } from './check.js';
import { idOf } from './ids.js';
import type { Mapping } from './mapping.js';
import type { Turns } from '../turns.js';
import { filesQuery, noteQuery, standingQuery } from './soql.js';

/** A file travels as base64 within JSON, of which Salesforce takes 50 MB (REST API Developer Guide, "Insert or Update Blob Data"). */
export const MOST_BYTES = 37_000_000;

const file = z.object({
  ContentDocument: z.object({
    LatestPublishedVersion: z.object({ Checksum: z.string().nullable() }).nullable(),
  }),
});

const standing = z.looseObject({ IsDeleted: z.boolean(), StageName: z.string().nullable() });

export function createSalesforceCrm(api: SalesforceApi, mapping: Mapping, turns: Turns): Crm {
  const { fields } = mapping;
  async function find(id: string): Promise<{ deleted: boolean; stage: string | null; order: number } | undefined> {
    const [row] = await api.query(standingQuery(mapping, id), standing, { withDeleted: true });
    if (!row) return undefined;
    const order = row[fields.version];
    return { deleted: row.IsDeleted, stage: row.StageName, order: typeof order === 'number' ? order : 0 };
  }

  async function need(id: string): Promise<{ order: number }> {
    const deal = await find(id);
    if (!deal || deal.deleted) throw new CrmError('gone', `Salesforce has no opportunity ${id} any more.`);
    return deal;
  }

  /** A done task shows in the activities of the opportunity. Its subject names the write; deleted and archived ones count as kept. */
  async function keepNote(id: string, { round, version }: CrmRecord, note: string): Promise<void> {
    const subject = `Countersign: contract note ${round}.${version}`;
    const kept = await api.query(noteQuery(id, subject), z.object({ Id: z.string() }), { withDeleted: true });
    if (kept.length > 0) return;
    const today = new Date().toISOString().slice(0, 10);
    const done = { Status: mapping.noteStatus, ActivityDate: today };
    await api.insert('Task', { WhatId: id, Subject: subject, Description: note, ...done });
  }

  return {
    name: 'salesforce',

    async record(record) {
      const id = opportunityId(record.dealId);
      await turns(id, async () => {
        const { order } = await need(id);
        if (order < orderOf(record)) await api.update('Opportunity', id, fieldsOf(record, mapping));
        if (record.note !== undefined) await keepNote(id, record, record.note);
      });
    },

    /** A deal that is not there at all may be one that the user may not see any more: only a deleted one has been taken back. */
    async withdrawn({ dealId }) {
      const id = idOf('opportunity', dealId);
      const deal = id === undefined ? undefined : await find(id);
      if (deal?.deleted) return 'deleted in Salesforce';
      return deal && deal.stage !== null && mapping.withdrawn.includes(deal.stage) ? `moved to ${deal.stage}` : null;
    },

    async attach({ dealId, round, envelopeId }, pdf, read) {
      const id = opportunityId(dealId);
      const bytes = await read();
      refuseOthers(bytes, pdf);
      await turns(id, async () => {
        await need(id);
        const checksum = createHash('md5').update(bytes).digest('hex');
        const files = await api.query(filesQuery(id), file);
        if (
          files.some(({ ContentDocument: { LatestPublishedVersion } }) => LatestPublishedVersion?.Checksum === checksum)
        )
          return;
        // The link is made in the same step, so there is no file without one (Object Reference, ContentVersion, FirstPublishLocationId).
        await api.insert('ContentVersion', {
          Title: `Signed contract${round > 1 ? ` (round ${round})` : ''}`,
          PathOnClient: `signed-contract-${envelopeId.replace(/[^\w.-]/g, '_')}.pdf`,
          Description: `Envelope ${envelopeId}, sha256 ${pdf.sha256}`,
          FirstPublishLocationId: id,
          VersionData: Buffer.from(bytes).toString('base64'),
        });
      });
    },

    check: () => check(api, mapping),

    async close() {},
  };
}

function opportunityId(dealId: string): string {
  const id = idOf('opportunity', dealId);
  if (id === undefined) {
    const hint = 'deals of CRM=salesforce carry the id of an opportunity, which begins with 006';
    throw new CrmError('refused', `The deal id is no id of Salesforce: ${hint}.`);
  }
  return id;
}

/** All mapped fields in one update, so that a deal never shows a part of a write; null empties a field. */
function fieldsOf(record: CrmRecord, { fields }: Mapping): Fields {
  const values = {
    envelopeId: record.envelopeId,
    version: orderOf(record),
    stage: record.stage,
    outcome: record.outcome,
    reason: record.reason,
    reviewUrl: record.reviewUrl,
    signedAt: record.signedAt,
    documentType: record.documentType,
    problem: null,
  } satisfies Record<keyof Mapping['fields'], unknown>;
  const written: Record<string, string | number | null> = {};
  for (const [what, value] of Object.entries(values)) {
    const name = isMapped(fields, what) ? fields[what] : null;
    if (name !== null) written[name] = value;
  }
  return { ...written, ...(record.crmStage !== undefined && { StageName: record.crmStage }) };
}

function isMapped(fields: Mapping['fields'], what: string): what is keyof Mapping['fields'] {
  return Object.hasOwn(fields, what);
}

function refuseOthers(bytes: Uint8Array, pdf: SignedPdf): void {
  if (createHash('sha256').update(bytes).digest('hex') !== pdf.sha256)
    throw new CrmError('refused', 'The filed PDF is not the one that was signed: its sha256 differs.');
  if (bytes.length > MOST_BYTES) {
    const size = `${Math.ceil(bytes.length / 1_000_000)} MB`;
    throw new CrmError('refused', `The signed PDF has ${size}, and Salesforce takes ${MOST_BYTES / 1_000_000} MB.`);
  }
}
