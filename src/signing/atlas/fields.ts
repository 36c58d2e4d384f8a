import { nobodySigned } from '../../deal/party.js';
import type { PlacedField } from '../provider.js';
import { partiesIn } from './reading.js';
import type { AtlasEnvelope } from './schemas.js';

/** Atlas's words for the kinds of fields that detection finds. */
const KINDS: Readonly<Record<string, PlacedField['kind']>> = {
  signature: 'signature',
  initials: 'initials',
  initial: 'initials',
  date: 'date',
  date_signed: 'date',
  name: 'name',
  text: 'text',
  checkbox: 'checkbox',
};

/** The fields of an envelope as Atlas tells them, each with the role of its party; null when it tells none. */
export function fieldsIn(envelope: AtlasEnvelope): PlacedField[] | null {
  if (!envelope.fields) return null;
  const parties = nobodySigned(partiesIn(envelope));
  return envelope.fields.map(({ type, page, party_order: order }) => ({
    kind: KINDS[type?.toLowerCase() ?? ''] ?? 'other',
    role: parties.find((party) => party.order === order)?.role ?? null,
    page: page ?? null,
  }));
}
