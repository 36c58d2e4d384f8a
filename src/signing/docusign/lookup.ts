/** Envelopes by the external id that their create carried, for when its answer was lost. */
import { setTimeout as pause } from 'node:timers/promises';
import { ProviderError } from '../provider.js';
import { idsIn, searchFor } from './custom-fields.js';
import type { Reader } from './reader.js';
import { createdAt } from './reading.js';
import type { Envelope } from './schemas.js';
import { transactionIdOf } from './transaction-id.js';

/** How soon an envelope is found is not documented, and a "none" that is wrong would make a second one. */
export const LOOKS_MS: readonly number[] = [0, 1_000, 2_000, 4_000];
/** Lists want a beginning; no deal tries a create for longer. */
const LOOK_BACK_MS = 400 * 24 * 3_600_000;
const A_PAGE = 100;
const MAX_PAGES = 20;

/** Those whose external id is exactly this, newest first. `looksMs`: pauses before each look, in ms; a look that finds any is the last. */
export async function findByExternalId(
  reader: Reader,
  externalId: string,
  looksMs: readonly number[] = LOOKS_MS,
): Promise<Envelope[]> {
  for (const wait of looksMs) {
    if (wait > 0) await pause(wait);
    const ids = new Set([...(await byTransaction(reader, externalId)), ...(await byCustomField(reader, externalId))]);
    if (ids.size === 0) continue;
    const read = await Promise.all([...ids].map((id) => readOrNothing(reader, id)));
    const found = read.flatMap((envelope) =>
      envelope && idsIn(envelope.customFields).externalId === externalId ? [envelope] : [],
    );
    if (found.length > 0) return found.sort((one, other) => createdAt(other) - createdAt(one));
  }
  return [];
}

/** DocuSign finds those of the last 7 days so, drafts in the recycle bin too. */
async function byTransaction(reader: Reader, externalId: string): Promise<string[]> {
  const transactionId = transactionIdOf(externalId);
  const { envelopes, envelopeTransactionStatuses: told } = await reader.list({ transaction_ids: transactionId });
  return [...envelopes, ...told].flatMap(({ envelopeId }) =>
    envelopeId === undefined ? [] : [envelopeId.toLowerCase()],
  );
}

async function byCustomField(reader: Reader, externalId: string): Promise<string[]> {
  const found: string[] = [];
  const query = {
    from_date: new Date(Date.now() - LOOK_BACK_MS).toISOString(),
    custom_field: searchFor(externalId),
    count: String(A_PAGE),
  };
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { envelopes, nextUri } = await reader.list({ ...query, start_position: String(page * A_PAGE) });
    found.push(...envelopes.map(({ envelopeId }) => envelopeId));
    if (nextUri === undefined || envelopes.length === 0) break;
  }
  return found;
}

/** One that was purged since is none any more. */
async function readOrNothing(reader: Reader, envelopeId: string): Promise<Envelope | undefined> {
  try {
    return await reader.read(envelopeId);
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'not-found') return undefined;
    throw error;
  }
}
