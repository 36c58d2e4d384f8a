/** The `hubspot` CRM: the deal's properties, notes on its timeline, and the signed PDF as an attachment of a note. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CrmRecord } from '../../deal/state.js';
import { CrmError, type Crm } from '../crm.js';
import { orderOf } from '../record-order.js';
import type { HubSpotCalls } from './calls.js';
import { checkAccount } from './check.js';
import { findDeal, numberIn, propertiesOf, updateDeal } from './deals.js';
import type { HubSpotMapping } from './mapping.js';
import { addNote, hasNote } from './notes.js';
import { createTurns } from '../turns.js';

const uploaded = z.object({ id: z.string() });

/**
 * Read, compare, write: within this process one deal's writes take turns. Another process can only write the same deal when Temporal has given
 * this one's try up, and what was on its way then is older by its order.
 */
export function createHubSpotCrm(calls: HubSpotCalls, mapping: HubSpotMapping): Crm {
  const inTurn = createTurns();
  const { version } = mapping.properties;

  return {
    name: 'hubspot',

    record: (record) =>
      inTurn(record.dealId, async () => {
        const { dealId, round, note } = record;
        const before = await propertiesOf(calls, dealId, [version, 'dealstage']);
        if (orderOf(record) > numberIn(before[version]))
          await updateDeal(calls, dealId, writtenBy(record, mapping, before['dealstage'] ?? ''));
        if (note === undefined) return;
        const marker = `countersign note ${round}.${record.version}`;
        if (!(await hasNote(calls, dealId, marker))) await addNote(calls, dealId, { text: note, marker });
      }),

    async withdrawn({ dealId }) {
      const deal = await findDeal(calls, dealId, ['dealstage']);
      if (deal.kind === 'missing') return 'deleted in HubSpot';
      if (deal.kind === 'merged') return 'merged into another deal in HubSpot';
      const stage = deal.properties['dealstage'] ?? '';
      return mapping.withdrawn.includes(stage) ? `moved to ${stage}` : null;
    },

    attach: ({ dealId, round }, pdf, read) =>
      inTurn(dealId, async () => {
        await propertiesOf(calls, dealId, []);
        const marker = `countersign pdf ${pdf.sha256}`;
        if (await hasNote(calls, dealId, marker)) return;
        const bytes = await read();
        if (createHash('sha256').update(bytes).digest('hex') !== pdf.sha256)
          throw new CrmError('refused', 'The filed PDF is not the one that was signed: its sha256 differs.');
        const name = `${dealId}${round > 1 ? `-${round}` : ''}-signed.pdf`.replace(/[^\w.-]/g, '_');
        const fileId = await upload(calls, mapping.folder, name, bytes);
        await addNote(calls, dealId, { text: 'The signed contract.', marker, fileId });
      }),

    check: () => checkAccount(calls, mapping),

    close: async () => calls.close(),
  };
}

/** The same bytes in the same folder are stored once: HubSpot answers the file that is there (HubSpot docs, Files: duplicates). */
async function upload(calls: HubSpotCalls, folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const how = {
    access: 'PRIVATE',
    overwrite: false,
    duplicateValidationStrategy: 'RETURN_EXISTING',
    duplicateValidationScope: 'EXACT_FOLDER',
  };
  const file = { data: Buffer.from(bytes), name };
  const answer: unknown = await calls.call('store the signed PDF', ({ files }, options) =>
    files.filesApi.upload(file, undefined, folder, name, undefined, JSON.stringify(how), options),
  );
  const read = uploaded.safeParse(answer);
  if (!read.success) throw new CrmError('unavailable', 'HubSpot did not say where it stored the signed PDF.');
  return read.data.id;
}

/** The whole record as one update of properties; HubSpot takes '' for cleared. */
function writtenBy(
  record: CrmRecord,
  { properties, withdrawn }: HubSpotMapping,
  stageNow: string,
): Record<string, string> {
  const { crmStage } = record;
  const values: [string | null, string | null][] = [
    [properties.version, String(orderOf(record))],
    [properties.envelopeId, record.envelopeId],
    [properties.reviewUrl, record.reviewUrl],
    [properties.stage, record.stage],
    [properties.outcome, record.outcome],
    [properties.reason, record.reason],
    [properties.signedAt, record.signedAt],
    [properties.documentType, record.documentType],
    [properties.problem, null],
  ];
  const written = Object.fromEntries(values.flatMap(([name, value]) => (name === null ? [] : [[name, value ?? '']])));
  // A person who took the deal back while its contract was under way is not overruled: the deal hears of it with its next look.
  const takenBack = withdrawn.includes(stageNow) && record.outcome === null;
  return crmStage === undefined || takenBack ? written : { ...written, dealstage: crmStage };
}
