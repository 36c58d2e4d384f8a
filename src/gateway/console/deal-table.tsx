/** Deals as a table; on a phone each row is a card. The roles are named since such a layout hides them from some screen readers. */
import type { VNode } from 'preact';
import type { Refusal } from '../../deal/refusals.js';
import type { Stage } from '../../deal/stages.js';
import type { DealLine } from '../deal-list.js';
import { Ago, Moment } from './moments.js';
import { refusalWords, stageWords } from './words.js';

/** `due`: when the review is due, with a mark on what is late. */
export type Column = 'stage' | 'blocked' | 'since' | 'due' | 'type' | 'envelope';

const HEADS: Record<Column, string> = {
  stage: 'Stage',
  blocked: 'Blocked',
  since: 'In this stage since',
  due: 'Review due',
  type: 'Document type',
  envelope: 'Envelope',
};

interface TableProps {
  caption: string;
  deals: readonly DealLine[];
  columns: readonly Column[];
  now: number;
}

export function DealTable({ caption, deals, columns, now }: TableProps): VNode {
  return (
    <table class="deals" role="table">
      <caption class="quiet">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Deal
          </th>
          {columns.map((column) => (
            <th role="columnheader" scope="col">
              {HEADS[column]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {deals.map((deal) => (
          <tr role="row" class={isOverdue(deal, now) && columns.includes('due') ? 'late' : undefined}>
            <th role="rowheader" scope="row">
              <a class="deal" href={dealAddress(deal)}>
                {deal.dealId}
              </a>
              {deal.round > 1 && <span class="muted"> round {deal.round}</span>}
            </th>
            {columns.map((column) => (
              <td role="cell" data-label={HEADS[column]}>
                {cell(column, deal, now)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cell(column: Column, deal: DealLine, now: number): VNode | string {
  switch (column) {
    case 'stage':
      return <StagePill stage={deal.stage} cutOff={!deal.open && !isEnded(deal.stage)} />;
    case 'blocked':
      return deal.blocked ? <span class="pill blocked">{refusalWords(deal.blocked)}</span> : '–';
    case 'since':
      return deal.since ? <Moment at={deal.since} now={now} /> : '–';
    case 'due':
      if (!deal.reviewDue) return '–';
      return (
        <span>
          {isOverdue(deal, now) && <span class="pill late">Overdue</span>} <Ago at={deal.reviewDue} now={now} />
        </span>
      );
    case 'type':
      return deal.documentType ?? '–';
    case 'envelope':
      return deal.envelopeId ? <code>{deal.envelopeId}</code> : '–';
  }
}

export function isOverdue({ reviewDue }: Pick<DealLine, 'reviewDue'>, now: number): boolean {
  return reviewDue !== null && Date.parse(reviewDue) <= now;
}

/** An open deal is its id's latest round; of an ended one a later round may have begun. */
function dealAddress({ dealId, round, open }: DealLine): string {
  return `/console/deals/${encodeURIComponent(dealId)}${open ? '' : `?round=${round}`}`;
}

export function StagePill({ stage, cutOff = false }: { stage: Stage | null; cutOff?: boolean }): VNode {
  return (
    <span>
      <span class={`pill stage ${stage ?? 'unknown'}`}>{stageWords(stage)}</span>
      {cutOff && <span class="muted"> cut off from outside</span>}
    </span>
  );
}

export function BlockedPill({ reason }: { reason: Refusal }): VNode {
  return <span class="pill blocked">Blocked: {refusalWords(reason)}</span>;
}

function isEnded(stage: Stage | null): boolean {
  return stage === null || ['completed', 'declined', 'voided', 'expired', 'cancelled'].includes(stage);
}
