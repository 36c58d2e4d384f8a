/**
 * Notes on a deal's timeline, each once. A note carries a marker in its text by which it is found again: HubSpot has no idempotency keys.
 * The look before each note makes repeats harmless; two processes that write the same note within the same moment would both write it, but
 * Temporal runs one try of an activity at a time.
 */
import type { AssociationSpec } from '@hubspot/api-client/lib/codegen/crm/objects/notes/index.js';
import { linkedTo } from './associations.js';
import type { HubSpotCalls } from './calls.js';

/** Inputs of a batch read (HubSpot docs, Notes). */
const BATCH = 100;
/** Well below the 65,536 characters that a note holds, markup included. */
const TEXT_CHARACTERS = 10_000;
/** From a note to a deal (HubSpot docs, Associations: default types). */
const NOTE_TO_DEAL = 214;

export interface Note {
  text: string;
  /** Names the note for good among those of its deal; shown at its end, in brackets. */
  marker: string;
  /** An uploaded file. */
  fileId?: string;
}

/** Throws `CrmError`. */
export async function hasNote(calls: HubSpotCalls, dealId: string, marker: string): Promise<boolean> {
  const ids = (await linkedTo(calls, dealId, 'notes')).map(({ id }) => id);
  // What is looked for was written lately if at all.
  ids.sort((a, b) => Number(b) - Number(a));
  for (let start = 0; start < ids.length; start += BATCH) {
    const inputs = ids.slice(start, start + BATCH).map((id) => ({ id }));
    const { results } = await calls.call('read the notes of the deal', ({ crm }, options) =>
      crm.objects.notes.batchApi.read(
        { inputs, properties: ['hs_note_body'], propertiesWithHistory: [] },
        undefined,
        options,
      ),
    );
    if (results.some(({ properties }) => properties['hs_note_body']?.includes(`[${marker}]`))) return true;
  }
  return false;
}

/** Makes the note and links it to the deal in one call, so that none is ever without its deal. Throws `CrmError`. */
export async function addNote(calls: HubSpotCalls, dealId: string, { text, marker, fileId }: Note): Promise<void> {
  // The SDK's enum is code, which is not loaded for one word: hence the cast.
  const types = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: NOTE_TO_DEAL }] as AssociationSpec[];
  await calls.call('add a note to the deal', ({ crm }, options) =>
    crm.objects.notes.basicApi.create(
      {
        properties: {
          hs_timestamp: new Date().toISOString(),
          hs_note_body: `<p>${markup(text.slice(0, TEXT_CHARACTERS))}</p><p>[${marker}]</p>`,
          ...(fileId !== undefined && { hs_attachment_ids: fileId }),
        },
        associations: [{ to: { id: dealId }, types }],
      },
      options,
    ),
  );
}

/** The body of a note is HTML. */
function markup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\n/g, '<br>');
}
