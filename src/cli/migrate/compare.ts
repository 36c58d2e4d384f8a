/** `countersign migrate compare`: what shadow drafts say of each document type. */
import type { ShadowReport, ShadowVerdict } from '../../deal/shadow.js';
import { printable } from '../discreet.js';
import type { ShadowReports } from './asked.js';

export interface ComparedType {
  documentType: string;
  drafts: number;
  counts: Record<ShadowVerdict, number>;
  /** Fields by kind: in how many drafts the shadow had fewer, and more. */
  kinds: { kind: string; fewer: number; more: number }[];
  /** What stood in the way of comparing, with how often. */
  hindrances: Record<string, number>;
  /** Deals whose signatures or signers are not the same, newest first. */
  look: { workflowId: string; revision: number }[];
  /** Drafts that are still at Atlas: a person has to void them. */
  left: { workflowId: string; revision: number }[];
}

export interface ComparedTypes {
  ok: boolean;
  since: string;
  /** Shadows that have not ended yet. */
  running: number;
  types: ComparedType[];
}

export function sumUp({ reports, running }: ShadowReports, since: Date): ComparedTypes {
  const byType = new Map<string, ShadowReport[]>();
  for (const report of reports) byType.set(report.documentType, [...(byType.get(report.documentType) ?? []), report]);
  const types = [...byType].map(([documentType, ofType]) => sumOf(documentType, ofType));
  types.sort((one, other) => one.documentType.localeCompare(other.documentType));
  return { ok: types.every(({ counts }) => counts.differs === 0), since: since.toISOString(), running, types };
}

function sumOf(documentType: string, reports: readonly ShadowReport[]): ComparedType {
  const counts: ComparedType['counts'] = { same: 0, 'other-fields': 0, differs: 0, 'not-comparable': 0 };
  const kinds = new Map<string, { kind: string; fewer: number; more: number }>();
  const hindrances: Record<string, number> = {};
  for (const { result, why, fields } of reports) {
    counts[result] += 1;
    if (why !== null) hindrances[why] = (hindrances[why] ?? 0) + 1;
    for (const [kind, { fewer, more }] of kindsIn(fields)) {
      const sum = kinds.get(kind) ?? { kind, fewer: 0, more: 0 };
      kinds.set(kind, { kind, fewer: sum.fewer + Number(fewer), more: sum.more + Number(more) });
    }
  }
  const named = (chosen: readonly ShadowReport[]) =>
    chosen.map(({ workflowId, revision }) => ({ workflowId, revision }));
  return {
    documentType,
    drafts: reports.length,
    counts,
    kinds: [...kinds.values()],
    hindrances,
    look: named(reports.filter(({ result }) => result === 'differs')),
    left: named(reports.filter(({ takenAway }) => !takenAway)),
  };
}

/** Which kinds a draft has fewer or more of, for anybody. */
function kindsIn(fields: ShadowReport['fields']): Map<string, { fewer: boolean; more: boolean }> {
  const kinds = new Map<string, { fewer: boolean; more: boolean }>();
  for (const { kind, deal, shadow } of fields) {
    if (deal === shadow) continue;
    const known = kinds.get(kind) ?? { fewer: false, more: false };
    kinds.set(kind, { fewer: known.fewer || shadow < deal, more: known.more || shadow > deal });
  }
  return kinds;
}

const MOST_NAMED = 10;

export function tellCompared({ types, running, since }: ComparedTypes): string {
  const lines = [`Shadow drafts since ${since}${running > 0 ? ` (${running} have not ended yet)` : ''}`, ''];
  if (types.length === 0) {
    lines.push(
      'There are none: give a type that goes by DocuSign "shadow": "atlas" in DOCUMENT_TYPES, and let some deals start.',
    );
  }
  for (const type of types) lines.push(...tellType(type), '');
  return `${lines.join('\n').trimEnd()}\n`;
}

function tellType({ documentType, drafts, counts, kinds, hindrances, look, left }: ComparedType): string[] {
  const lines = [
    `${documentType}: ${drafts} drafts, ${counts.same} the same, ${counts['other-fields']} with other fields that nobody signs, ${counts.differs} with other signatures or signers, ${counts['not-comparable']} not comparable`,
    ...kinds.map(({ kind, fewer, more }) => `  ${kind}: fewer at Atlas in ${fewer}, more in ${more}`),
    ...Object.entries(hindrances).map(([why, times]) => `  not comparable: ${printable(why)} (${times})`),
  ];
  if (look.length > 0) lines.push(`  -> look at ${naming(look)}: where do signers and signatures differ?`);
  if (left.length > 0) lines.push(`  -> still at Atlas, to be voided there: the drafts for ${naming(left)}`);
  return lines;
}

function naming(deals: readonly { workflowId: string; revision: number }[]): string {
  const names = deals
    .slice(0, MOST_NAMED)
    .map(({ workflowId, revision }) => (revision === 1 ? workflowId : `${workflowId} (revision ${revision})`));
  const more = deals.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
