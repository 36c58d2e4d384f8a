import { statusOf, type Envelope } from './model.js';
import type { Store } from './store.js';
import type { World } from './world.js';

/** What `GET /_sandbox/state` answers: totals over all that the sandbox holds. */
export function stateOf({ store, accounts, switches, faults }: World): unknown {
  const byStatus: Record<string, number> = { draft: 0, pending: 0, signed: 0, declined: 0, voided: 0 };
  let sends = 0;
  for (const envelope of store.envelopes.all()) {
    const status = statusOf(envelope);
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    if (envelope.sentAt !== null) sends += 1;
  }
  const deliveries: Record<string, number> = { pending: 0, delivered: 0, failed: 0, dropped: 0 };
  let attempts = 0;
  for (const delivery of store.deliveries.all()) {
    deliveries[delivery.state] = (deliveries[delivery.state] ?? 0) + 1;
    attempts += delivery.attempts.length;
  }
  const byKey = (what: 'credits' | 'spent' | 'refunded'): Record<string, number> => {
    return Object.fromEntries(
      accounts.keys().map(({ key, organisation }) => [key, accounts.account(organisation)[what]]),
    );
  };
  return {
    envelopes: store.envelopes.size,
    byStatus,
    drafts: byStatus['draft'],
    sends,
    voids: byStatus['voided'],
    credits: byKey('credits'),
    spent: byKey('spent'),
    refunded: byKey('refunded'),
    mails: store.mails.size,
    deliveries,
    attempts,
    calls: store.calls.size,
    bucketAuthorizationLeaks: store.leaks.size,
    duplicates: { externalIds: doubledExternalIds(store), sends: doubledSends(store) },
    faults: faults.counts(),
    settings: switches.now,
  };
}

/** How many `external_id`s have more than one envelope that was ever sent, or more than one that is alive. */
function doubledExternalIds(store: Store): number {
  const sent = new Map<string, number>();
  const alive = new Map<string, number>();
  const count = (tally: Map<string, number>, id: string): unknown => tally.set(id, (tally.get(id) ?? 0) + 1);
  for (const envelope of store.envelopes.all()) {
    const id = externalIdOf(envelope);
    if (id === null) continue;
    if (envelope.sentAt !== null) count(sent, id);
    if (['draft', 'pending'].includes(statusOf(envelope))) count(alive, id);
  }
  const doubled = [...sent, ...alive].flatMap(([id, times]) => (times > 1 ? [id] : []));
  return new Set(doubled).size;
}

function externalIdOf({ organisation, metadata }: Envelope): string | null {
  const externalId = metadata['external_id'];
  return typeof externalId === 'string' ? `${organisation}\n${externalId}` : null;
}

/** How many envelopes were sent by more than one successful call, replays of a stored answer not counted. */
function doubledSends(store: Store): number {
  let doubled = 0;
  for (const { id } of store.envelopes.all()) {
    const path = `/api/envelope/${id}/send`;
    const done = store.calls.in(id).filter((call) => call.path === path && call.status < 300 && !call.replayed);
    if (done.length > 1) doubled += 1;
  }
  return doubled;
}
