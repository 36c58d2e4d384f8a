import type { DealSnapshot } from '../src/deal/snapshot.js';
import type { DrivenDeal } from './drive.js';
import type { Finding, World } from './world.js';

/** What the last line of a run says, as one JSON object. */
export interface Counts {
  deals: number;
  stranded: number;
  duplicates: number;
  mismatches: number;
  faults: number;
  kills: number;
  seed: number;
  seconds: number;
  ended: Record<string, number>;
  envelopes: number;
  sends: number;
  credits: { spent: number; refunded: number };
  attachments: number;
  filed: number;
  /** Times a deal was blocked and times somebody resumed it, by reason. */
  blocked: Record<string, number>;
  resumed: Record<string, number>;
  /** Contracts that went out by the policy's trust, and changes that were learned without a webhook. */
  autoSent: number;
  learnedByReadBack: number;
  contradictions: number;
  /** Calls to the gateway that had to be made again. */
  repeatedCalls: number;
  faultsByKind: Record<string, number>;
  killsByPart: Record<string, number>;
}

export function exitCodeOf({
  stranded,
  duplicates,
  mismatches,
}: Pick<Counts, 'stranded' | 'duplicates' | 'mismatches'>): 0 | 1 {
  return stranded === 0 && duplicates === 0 && mismatches === 0 ? 0 : 1;
}

export function countFindings(findings: readonly Finding[]): Pick<Counts, 'stranded' | 'duplicates' | 'mismatches'> {
  const count = (kind: Finding['counts']): number => findings.filter(({ counts }) => counts === kind).length;
  return { stranded: count('stranded'), duplicates: count('duplicate'), mismatches: count('mismatch') };
}

export interface Run {
  driven: readonly DrivenDeal[];
  world: World;
  findings: readonly Finding[];
  faultsByKind: Record<string, number>;
  killsByPart: Record<string, number>;
  /** Writes to the CRM that came again under their key and said something else. */
  contradictions: number;
  repeatedCalls: number;
  seed: number;
  seconds: number;
}

export function countsOf(run: Run): Counts {
  const { driven, world, findings, faultsByKind, killsByPart, contradictions, repeatedCalls, seed, seconds } = run;
  const timelines = world.deals.map(({ snapshot }) => snapshot?.timeline ?? []);
  const told = (what: RegExp): number => timelines.filter((one) => one.some((entry) => what.test(entry.what))).length;
  return {
    deals: driven.length,
    ...countFindings(findings),
    faults: sum(faultsByKind),
    kills: sum(killsByPart),
    seed,
    seconds,
    ended: tally(driven.map(({ end }) => ({ [end ?? 'stranded']: 1 }))),
    envelopes: world.envelopes.length,
    sends: world.envelopes.filter(({ sentAt }) => sentAt !== null).length,
    credits: { spent: world.atlas.spent, refunded: world.atlas.refunded },
    attachments: world.deals.reduce((total, { crm }) => total + crm.attachments.length, 0),
    filed: world.filed.filter(({ uri }) => !uri.endsWith('.certificate.pdf')).length,
    blocked: tally(driven.map(({ blocks }) => blocks)),
    resumed: tally(driven.map(({ resumes }) => resumes)),
    autoSent: told(/^approved by policy/),
    learnedByReadBack: told(/^learned by reading back/),
    contradictions,
    repeatedCalls,
    faultsByKind,
    killsByPart,
  };
}

export function tally(counts: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [what, count] of counts.flatMap((one) => Object.entries(one))) sums[what] = (sums[what] ?? 0) + count;
  return Object.fromEntries(Object.entries(sums).sort(([, a], [, b]) => b - a));
}

export function tableOf(counts: Counts): string {
  const list = (parts: Record<string, number>): string =>
    Object.entries(parts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ') || 'none';
  const rows: [string, string | number, string][] = [
    ['deals', counts.deals, list(counts.ended)],
    ['stranded', counts.stranded, ''],
    [
      'duplicates',
      counts.duplicates,
      `${counts.envelopes} envelopes, ${counts.sends} sends, ${counts.attachments} attachments, ${counts.filed} filed PDFs`,
    ],
    ['mismatches', counts.mismatches, `${counts.credits.spent} credits spent, ${counts.credits.refunded} refunded`],
    ['faults', counts.faults, list(counts.faultsByKind)],
    ['kills', counts.kills, list(counts.killsByPart)],
    ['blocked', sum(counts.blocked), list(counts.blocked)],
    ['resumed', sum(counts.resumed), list(counts.resumed)],
    ['sent by trust', counts.autoSent, ''],
    ['learned without a webhook', counts.learnedByReadBack, ''],
    ['calls made again', counts.repeatedCalls, ''],
  ];
  return rows
    .map(([name, count, more]) => `${name.padEnd(26)}${String(count).padStart(6)}  ${more}`.trimEnd())
    .join('\n');
}

export function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, count) => total + count, 0);
}

const TAIL = 15;

/** Each finding with the end of its deal's timeline, a deal's own findings together. */
export function tellFindings(findings: readonly Finding[], world: World): string {
  const byDeal = new Map<string | null, Finding[]>();
  for (const finding of findings) byDeal.set(finding.dealId, [...(byDeal.get(finding.dealId) ?? []), finding]);
  return [...byDeal]
    .map(([dealId, own]) => {
      const deal = world.deals.find((one) => one.dealId === dealId);
      const lines = own.map(({ counts, what }) => `${counts.toUpperCase()} ${dealId ?? 'overall'}: ${what}`);
      return [...lines, ...(deal?.snapshot ? timelineOf(deal.snapshot) : [])].join('\n');
    })
    .join('\n');
}

function timelineOf({ timeline, envelopeId, revision }: DealSnapshot): string[] {
  const tail = timeline.slice(-TAIL).map(({ at, what, by }) => `    ${at.slice(11, 23)}  ${what} (${by})`);
  return [
    `    revision ${revision}, envelope ${envelopeId ?? 'none'}; the last ${tail.length} of ${timeline.length} entries:`,
    ...tail,
  ];
}
