/** `countersign deals show ID` */
import type { Command } from 'commander';
import type { DealSnapshot, TimelineEntry } from '../../deal/snapshot.js';
import { discreet, discreetName, printable } from '../discreet.js';
import { atDesk, dealCommand, roundOption, type DealOptions, type DealsWorld } from './command.js';
import { ageOf, lengthOf, tableOf, timeOf } from './words.js';

interface ShowOptions extends DealOptions {
  round?: number;
  reviewLink?: true;
}

export function addShow(deals: Command, world: DealsWorld): void {
  dealCommand(deals, 'show', 'show a deal: what it waits for and since when, its signers and its timeline')
    .argument('<id>', 'the deal’s id')
    .addOption(roundOption())
    .option('--review-link', 'show the review link too; whoever has it can send the contract')
    .action((dealId: string, options: ShowOptions) =>
      atDesk(world, options, async ({ desk }) => {
        const snapshot = await desk.read(dealId, options.round);
        const { reviewUrl } = snapshot;
        const deal = shown(snapshot);
        const link = options.reviewLink ? (reviewUrl ?? 'none, or not for your role') : undefined;
        const json = { ok: true, ...deal, ...(options.reviewLink && { reviewUrl }) };
        return { ok: true, json, text: textOf(deal, Date.now(), world.terminal.columns, link) };
      }),
    );
}

/** The deal without links and e-mail addresses: people type them into notes and reasons. */
export function shown(deal: DealSnapshot): DealSnapshot {
  return {
    ...deal,
    reviewUrl: null,
    blocked: deal.blocked && { ...deal.blocked, detail: discreet(deal.blocked.detail) },
    replaced: deal.replaced.map((entry) => ({ ...entry, why: discreet(entry.why), by: discreetName(entry.by) })),
    timeline: deal.timeline.map((entry) => ({ ...entry, what: discreet(entry.what), by: discreetName(entry.by) })),
  };
}

export function entryLine({ at, what, by }: TimelineEntry): string {
  return `${timeOf(at)}  ${what}${by ? ` (${by})` : ''}`;
}

function textOf(deal: DealSnapshot, now: number, columns: number | null, reviewLink: string | undefined): string {
  const { dealId, round, documentType, provider, blocked, envelopeId, revision, replaced, actions, signedPdf } = deal;
  const { document } = deal;
  const parties = [...deal.parties].sort((a, b) => a.order - b.order);
  const rows = parties.map(({ order, role, status }) => [String(order), printable(role), status]);
  const facts: [name: string, fact: string | null | undefined][] = [
    ['stage', `${deal.stage} for ${ageOf(deal.since, now)}, since ${timeOf(deal.since)}`],
    ['waits for', deal.waitingFor],
    ['blocked', blocked && `${blocked.reason} for ${ageOf(blocked.since, now)}, since ${timeOf(blocked.since)}`],
    ['', blocked?.detail],
    ['review due', deal.reviewDue && dueBy(deal.reviewDue, now)],
    ['expires', deal.expiresAt && dueBy(deal.expiresAt, now)],
    ['document', document && `${document.kind}, ${document.bytes} bytes, sha256 ${document.sha256}`],
    ['envelope', envelopeId && `${envelopeId}, revision ${revision}`],
    ['replaced', replaced.map((old) => `${old.envelopeId} (${old.why}, by ${old.by})`).join('; ')],
    ['can now', actions.join(', ')],
    ['review link', reviewLink],
    ['signed PDF', signedPdf && `${signedPdf.uri}, ${signedPdf.bytes} bytes, sha256 ${signedPdf.sha256}`],
  ];
  const told = facts.flatMap(([name, fact]) => (fact ? [`  ${name.padEnd(11)}  ${fact}`] : []));
  const title = `Deal ${dealId}${round > 1 ? `, round ${round}` : ''}: ${printable(documentType)}, by way of ${provider}`;
  const signers = tableOf(
    ['  #', 'SIGNER', 'STATUS'],
    rows.map(([order = '', ...rest]) => [`  ${order}`, ...rest]),
    columns ?? 120,
  );
  const timeline = deal.timeline.map((entry) => `  ${entryLine(entry)}`);
  return `${[title, ...told, '', signers.trimEnd(), '', ...timeline].join('\n')}\n`;
}

function dueBy(instant: string, now: number): string {
  const left = Date.parse(instant) - now;
  return `${timeOf(instant)}, ${left > 0 ? `in ${lengthOf(left)}` : `overdue by ${lengthOf(-left)}`}`;
}
