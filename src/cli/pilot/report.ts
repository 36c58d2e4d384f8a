/** `countersign report`: the numbers of a pilot, as a table or as JSON. */
import type { Desk } from '../../gateway/desk.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { numbersOf, type PilotNumbers, type Spread } from './numbers.js';

export interface Report extends PilotNumbers {
  since: string;
  until: string;
  /** Workflow ids of deals that did not answer; they are in none of the numbers. */
  unanswered: string[];
}

export interface Asked {
  /** Deals that started from then on count. */
  since: Date;
  documentType?: string;
  progress?: (done: number, all: number) => void;
}

const AT_ONCE = 6;

/** Asks every deal that started since then for its figures. Throws what the desk throws when the deals cannot be listed. */
export async function reportOn(
  desk: Pick<Desk, 'list' | 'read'>,
  { since, documentType, progress = () => undefined }: Asked,
): Promise<Report> {
  const until = new Date();
  const found = await listSince(desk, since, documentType);
  const waiting = found.values();
  const snapshots: DealSnapshot[] = [];
  const unanswered: string[] = [];
  let done = 0;

  async function askNext(): Promise<void> {
    for (const { dealId, round, workflowId } of waiting) {
      try {
        const snapshot = await desk.read(dealId, round);
        // The run of a long-lived deal is younger than the deal.
        if (Date.parse(snapshot.figures.startedAt) >= since.getTime()) snapshots.push(snapshot);
      } catch {
        unanswered.push(workflowId);
      }
      progress(++done, found.length);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return { since: since.toISOString(), until: until.toISOString(), ...numbersOf(snapshots), unanswered };
}

async function listSince(desk: Pick<Desk, 'list'>, since: Date, documentType?: string) {
  const found = [];
  let cursor: string | null | undefined;
  do {
    const page = await desk.list({
      query: `StartTime >= "${since.toISOString()}"`,
      limit: 500,
      ...(documentType !== undefined && { documentType }),
      ...(cursor && { cursor }),
    });
    found.push(...page.deals);
    cursor = page.next;
  } while (cursor);
  return found;
}

/** The report for a reader. */
export function tableOf(report: Report): string {
  const { deals, changes } = report;
  const ends = [deals.declined, deals.voided, deals.expired, deals.cancelled];
  const rows: [string, string][] = [
    ['deals started', `${deals.started} (${deals.open} open, ${deals.blockedNow} of them blocked)`],
    ['completed', String(deals.completed)],
    ['declined, voided, expired, cancelled', ends.join(', ')],
    ['start to signed PDF (p50, p95)', pair(report.startToFiled)],
    ['webhook to change of stage (p50, p95)', pair(report.webhook)],
    ['time in review (p50, p95)', pair(report.review)],
    ['changes told by webhooks', String(changes.told)],
    ['changes learned by reading back', `${changes.readBack} (${percent(changes.readBackShare)})`],
    ['sends (credits spent)', String(report.sends)],
    ['credits refunded', String(report.creditsRefunded)],
    ['interventions by hand', `${report.interventions} (${number(report.interventionsPerHundredSends)} per 100 sends)`],
    ['times blocked', `${report.blocked} (${number(report.blockedPerHundredSends)} per 100 sends)`],
    ['signatures', String(report.signatures)],
    ['reminders', `${report.reminders} (${number(report.remindersPerSignature)} per signature)`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const missing = report.unanswered.length;
  if (missing > 0) lines.push('', `${missing} deals did not answer and are not counted: is a worker running?`);
  return `Deals started from ${report.since} to ${report.until}\n\n${lines.join('\n')}\n`;
}

function pair({ count, p50, p95 }: Spread): string {
  return count === 0 ? '–' : `${time(p50)}, ${time(p95)} (of ${count})`;
}

const UNITS: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

function time(seconds: number | null): string {
  if (seconds === null) return '–';
  const [unit, size] = UNITS.find(([, length]) => seconds >= 2 * length) ?? ['s', 1];
  return `${(seconds / size).toFixed(seconds / size < 10 ? 1 : 0)} ${unit}`;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}

function number(value: number | null): string {
  return value === null ? '–' : value.toFixed(1);
}
