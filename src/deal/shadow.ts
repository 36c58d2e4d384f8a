/**
 * Shadow drafts: a deal that goes by one provider is drafted at another one too, compared and taken away again, so that a company sees what
 * it would get there before it moves.
 */
import type { Party, PartyProgress } from './party.js';
import type { FieldByAnchor, ProviderName, TemplatePolicy, Transport } from './policy.js';
import type { FieldsStatus, PinnedDocument } from './snapshot.js';

/** Name of the workflow. */
export const SHADOW_TYPE = 'shadowDraft';

/** The argument of the workflow. */
export interface ShadowStart {
  documentType: string;
  /** The deal's workflow, and the revision whose draft is compared. */
  of: { workflowId: string; revision: number };
  /** The deal's own draft. */
  deal: { provider: ProviderName; envelopeId: string };
  /** Where the shadow is drafted. */
  provider: ProviderName;
  parties: Party[];
  /** Absent, with `pinned`, for contracts from a template. */
  document?: { uri: string };
  pinned?: PinnedDocument;
  transport: Transport;
  template?: TemplatePolicy;
  /** Texts by the keys of `template`. */
  prefill?: Record<string, string>;
  /** How long after a draft of unclear outcome it is looked for once more, in ms. */
  lookAgainMs: number;
}

export type FieldKind = FieldByAnchor['kind'] | 'other';

export interface FieldCount {
  /** Null where the provider does not tell whose it is. */
  role: string | null;
  kind: FieldKind;
  count: number;
}

/** What of a draft can be compared. Null where the provider does not tell. */
export interface DraftFacts {
  fields: FieldCount[] | null;
  signers: SignerPlace[] | null;
}

/** `order` is 1 for whoever signs first; signers of the same turn have the same. */
export interface SignerPlace {
  role: string;
  order: number;
}

/** Fields of one role and kind in the deal's own draft and in the shadow. */
export interface ComparedFields {
  role: string | null;
  kind: FieldKind;
  deal: number;
  shadow: number;
}

export interface ComparedSigner extends SignerPlace {
  in: 'both' | 'deal' | 'shadow';
}

/**
 * `other-fields`: who signs and where is the same, other fields are not. `differs`: signatures, initials or signers are not the same.
 * `not-comparable`: there was nothing to compare, `why` says what stood in the way.
 */
export type ShadowVerdict = 'same' | 'other-fields' | 'differs' | 'not-comparable';

export interface Comparison {
  result: ShadowVerdict;
  why: string | null;
  fields: ComparedFields[];
  /** Fields that the shadow has not, and that only it has. */
  missing: number;
  extra: number;
  /** Empty where one of the providers does not tell. */
  signers: ComparedSigner[];
}

/** What the workflow returns: counts and roles, nobody's name. */
export interface ShadowReport extends Comparison {
  documentType: string;
  workflowId: string;
  revision: number;
  /** What the provider of the shadow says of its search for fields; null when it did not come so far. */
  detection: FieldsStatus | null;
  /** False when the draft could not be voided: a person has to. */
  takenAway: boolean;
}

export function shadowIdOf(workflowId: string, revision: number): string {
  return `shadow-${workflowId}-r${revision}`;
}

const SIGNING: readonly FieldKind[] = ['signature', 'initials'];

export function notComparable(why: string): Comparison {
  return { result: 'not-comparable', why, fields: [], missing: 0, extra: 0, signers: [] };
}

export function compareDrafts(deal: DraftFacts, shadow: DraftFacts): Comparison {
  if (!deal.fields || !shadow.fields) return notComparable('fields-untold');
  const fields = fieldsOfBoth(deal.fields, shadow.fields);
  const signers = deal.signers && shadow.signers ? signersOfBoth(deal.signers, shadow.signers) : [];
  const changed = fields.filter((row) => row.deal !== row.shadow);
  const weighty = changed.some(({ kind }) => SIGNING.includes(kind)) || signers.some((signer) => signer.in !== 'both');
  return {
    result: weighty ? 'differs' : changed.length > 0 ? 'other-fields' : 'same',
    why: null,
    fields,
    missing: changed.reduce((sum, row) => sum + Math.max(row.deal - row.shadow, 0), 0),
    extra: changed.reduce((sum, row) => sum + Math.max(row.shadow - row.deal, 0), 0),
    signers,
  };
}

/** Where one side tells of no field whose it is, kinds alone are compared. */
function fieldsOfBoth(deal: readonly FieldCount[], shadow: readonly FieldCount[]): ComparedFields[] {
  const untold = [deal, shadow].some((counts) => counts.length > 0 && counts.every(({ role }) => role === null));
  const rows = new Map<string, ComparedFields>();
  const enter = (counts: readonly FieldCount[], side: 'deal' | 'shadow'): void => {
    for (const { role: told, kind, count } of counts) {
      const role = untold ? null : told;
      const key = JSON.stringify([role, kind]);
      const row = rows.get(key) ?? { role, kind, deal: 0, shadow: 0 };
      row[side] += count;
      rows.set(key, row);
    }
  };
  enter(deal, 'deal');
  enter(shadow, 'shadow');
  return [...rows.values()];
}

function signersOfBoth(deal: readonly SignerPlace[], shadow: readonly SignerPlace[]): ComparedSigner[] {
  const left = [...shadow];
  const compared: ComparedSigner[] = deal.map((signer) => {
    const at = left.findIndex(({ role, order }) => role === signer.role && order === signer.order);
    if (at >= 0) left.splice(at, 1);
    return { ...signer, in: at >= 0 ? 'both' : 'deal' };
  });
  return [...compared, ...left.map((signer) => ({ ...signer, in: 'shadow' as const }))];
}

/** Who signs, by turn: providers may number turns with gaps. */
export function placesOf(parties: readonly PartyProgress[]): SignerPlace[] {
  const signers = parties.filter(({ status }) => status !== 'copied');
  const turns = [...new Set(signers.map(({ order }) => order))].sort((a, b) => a - b);
  return signers.map(({ role, order }) => ({ role, order: turns.indexOf(order) + 1 }));
}

/** Fields counted by role and kind. */
export function countFields(fields: readonly { role: string | null; kind: FieldKind }[]): FieldCount[] {
  const counts = new Map<string, FieldCount>();
  for (const { role, kind } of fields) {
    const key = JSON.stringify([role, kind]);
    const count = counts.get(key) ?? { role, kind, count: 0 };
    count.count += 1;
    counts.set(key, count);
  }
  return [...counts.values()];
}
