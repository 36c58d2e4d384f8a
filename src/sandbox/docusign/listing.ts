/** `GET /envelopes` and `PUT /envelopes/status`: many envelopes at once. */
import type { Envelope } from './envelope.js';
import type { Envelopes } from './envelopes.js';
import { presentEnvelope, shownStatus, stamp } from './present.js';
import { invalidParameter } from './refusal.js';
import type { Switches } from './settings.js';
import type { StandInUser } from './world.js';

const MOST = 1000;

export interface Asked {
  accountId: string;
  query: URLSearchParams;
  envelopeIds: string[];
  transactionIds: string[];
}

export interface Shelf {
  envelopes: Envelopes;
  switches: Switches;
  users: readonly StandInUser[];
  now: () => number;
}

export function listEnvelopes(shelf: Shelf, asked: Asked): Record<string, unknown> {
  const { query, envelopeIds, transactionIds, accountId } = asked;
  if (envelopeIds.length === 0 && transactionIds.length === 0 && !query.has('from_date'))
    throw invalidParameter('One of from_date, envelope_ids and transaction_ids is needed.');
  const found = envelopeIds.length > 0 || query.has('from_date') ? matching(shelf, asked) : [];
  const count = wholeNumber(query, 'count', MOST);
  const start = wholeNumber(query, 'start_position', 0);
  const page = found.slice(start, start + Math.min(count, MOST));
  const include = new Set((query.get('include') ?? '').split(',').map((name) => name.trim()));
  const next = start + page.length < found.length ? pageUri(query, start + page.length) : null;
  return {
    resultSetSize: String(page.length),
    startPosition: String(start),
    endPosition: String(Math.max(0, start + page.length - 1)),
    totalSetSize: String(found.length),
    nextUri: next ?? '',
    previousUri: start > 0 ? pageUri(query, Math.max(0, start - count)) : '',
    lastQueriedDateTime: stamp(shelf.now()),
    ...(page.length > 0 && { envelopes: page.map((envelope) => presentEnvelope(envelope, shelf.users, include)) }),
    ...(transactionIds.length > 0 && {
      envelopeTransactionStatuses: transactionIds.flatMap((id) => transactionStatuses(shelf, accountId, id)),
    }),
  };
}

function transactionStatuses({ envelopes, switches }: Shelf, accountId: string, transactionId: string): unknown[] {
  const found = envelopes.ofTransaction(accountId, transactionId);
  if (found.length > 0)
    return found.map((envelope) => ({ transactionId, envelopeId: envelope.envelopeId, status: shownStatus(envelope) }));
  if (switches.unknown_transaction === 'omit') return [];
  return [
    {
      transactionId,
      errorDetails: { errorCode: 'ENVELOPE_DOES_NOT_EXIST', message: 'No envelope of this transaction.' },
    },
  ];
}

function matching({ envelopes, switches, now }: Shelf, { accountId, query, envelopeIds }: Asked): Envelope[] {
  const [from, to] = [timeOf(query, 'from_date'), timeOf(query, 'to_date')];
  const statuses = listIn(query, 'status').map((status) => status.toLowerCase());
  const field = query.get('custom_field');
  const text = query.get('search_text')?.toLowerCase();
  const byDate = dateOf(query.get('from_to_status') ?? 'changed');
  const isListed = (envelope: Envelope): boolean => {
    if (envelope.accountId !== accountId) return false;
    if (envelopeIds.length > 0) return envelopeIds.includes(envelope.envelopeId);
    const at = byDate(envelope);
    const shown = shownStatus(envelope);
    return (
      now() - envelope.createdAt >= switches.list_delay_ms &&
      (statuses.length === 0 || statuses.includes('any') ? shown !== 'deleted' : statuses.includes(shown)) &&
      at !== null &&
      (from === null || at >= from) &&
      (to === null || at <= to) &&
      (field === null || hasField(envelope, field)) &&
      (text === undefined || envelope.emailSubject.toLowerCase().includes(text))
    );
  };
  const found = envelopes.list().filter(isListed);
  const orderBy = query.get('order_by') === 'created' ? dateOf('created') : byDate;
  const sign = query.get('order') === 'desc' ? -1 : 1;
  return found.sort((one, other) => sign * ((orderBy(one) ?? 0) - (orderBy(other) ?? 0)));
}

/** `name=value`; the name alone asks for any value. */
function hasField({ customFields }: Envelope, asked: string): boolean {
  const [name = '', ...value] = asked.split('=');
  return customFields.some((field) => field.name === name && (value.length === 0 || field.value === value.join('=')));
}

function dateOf(status: string): (envelope: Envelope) => number | null {
  switch (status.toLowerCase()) {
    case 'created':
      return ({ createdAt }) => createdAt;
    case 'sent':
      return ({ sentAt }) => sentAt;
    case 'delivered':
      return ({ deliveredAt }) => deliveredAt;
    case 'completed':
      return ({ completedAt }) => completedAt;
    case 'declined':
      return ({ declinedAt }) => declinedAt;
    case 'voided':
      return ({ voidedAt }) => voidedAt;
    case 'changed':
    case 'any':
      return ({ changedAt }) => changedAt;
    default:
      throw invalidParameter('from_to_status is not known.');
  }
}

export function listIn(query: URLSearchParams, name: string): string[] {
  return (query.get(name) ?? '').split(',').filter((entry) => entry !== '');
}

function timeOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw invalidParameter(`${name} is no date.`);
  return at;
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name) ?? String(fallback);
  if (!/^\d+$/.test(text)) throw invalidParameter(`${name} is no number.`);
  return Number(text);
}

function pageUri(query: URLSearchParams, start: number): string {
  const page = new URLSearchParams(query);
  page.set('start_position', String(start));
  return `/envelopes?${page.toString()}`;
}
