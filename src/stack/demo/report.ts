import type { DealSnapshot, TimelineEntry } from '../../deal/snapshot.js';
import type { Check } from './checks.js';
import { contractOf, type Story } from './story.js';

/** Told styles of text on a terminal; plain text elsewhere and under NO_COLOR (https://no-color.org). */
export interface Paint {
  bold: (text: string) => string;
  dim: (text: string) => string;
  good: (text: string) => string;
  bad: (text: string) => string;
}

export function paintFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const colours = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const style = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: style(1), dim: style(2), good: style(32), bad: style(31) };
}

export interface Played {
  story: Story;
  deal: DealSnapshot;
  checks: Check[];
}

export function timelineOf({ story, deal }: Played, paint: Paint): string {
  const begun = Date.parse(deal.timeline[0]?.at ?? deal.since);
  const lines = deal.timeline.map((entry) => {
    const after = `+${((Date.parse(entry.at) - begun) / 1000).toFixed(2)} s`;
    return `  ${paint.dim(entry.at.slice(11, 23))} ${paint.dim(after.padStart(9))}  ${lineOf(entry)}`;
  });
  return `${paint.bold(`Deal ${deal.dealId}`)} (${contractOf(story)}, ${story.title})\n${lines.join('\n')}`;
}

export function lineOf({ what, by }: TimelineEntry): string {
  return by === 'countersign' ? what : `${what} (${by})`;
}

export function summaryOf(played: readonly Played[], paint: Paint): string {
  const rows = played.map(({ story, deal, checks }) => {
    const failed = checks.filter(({ problem }) => problem !== null).length;
    return [
      story.name,
      contractOf(story),
      deal.stage,
      deal.envelopeId ?? '-',
      creditsOf(deal),
      deal.signedPdf ? `${deal.signedPdf.pages} pages, ${deal.signedPdf.sha256.slice(0, 12)}` : '-',
      failed === 0 ? `${checks.length} ok` : `${failed} of ${checks.length} failed`,
    ];
  });
  const head = ['deal', 'contract', 'outcome', 'envelope', 'credits', 'filed PDF', 'checks'];
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [paint.bold(line(head)), ...rows.map(line)].join('\n');
}

function creditsOf({ credits: { spent, refunded } }: Played['deal']): string {
  return refunded === 0 ? `${spent}` : `${spent}, ${refunded} back`;
}

export function failuresOf(name: string, checks: readonly Check[], paint: Paint): string[] {
  return checks.flatMap(({ what, problem }) =>
    problem === null ? [] : [`${paint.bad('FAILED')} ${name}: ${what} (${problem})`],
  );
}
