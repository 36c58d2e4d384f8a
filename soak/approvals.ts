import type { TimelineEntry } from '../src/deal/snapshot.js';
import type { AtlasEnvelope } from './atlas-desk.js';
import { makerOf, type Finding, type World } from './world.js';

/** Contracts that Countersign let out although nobody had approved them. What a person sends at Atlas's own page needs no approval here. */
export function unapprovedSends({ deals, envelopes }: World): Finding[] {
  const found: Finding[] = [];
  const timelines = new Map(deals.map(({ dealId, snapshot }) => [dealId, snapshot?.timeline ?? []]));
  for (const envelope of envelopes) {
    const maker = makerOf(envelope);
    const timeline = maker && timelines.get(maker.dealId);
    if (!maker || !timeline || !letOutByApi(envelope)) continue;
    if (!approvals(timeline).has(maker.revision)) {
      found.push({
        counts: 'mismatch',
        dealId: maker.dealId,
        what: `envelope ${envelope.id} was sent without an approval`,
      });
    }
  }
  return [...found, ...trustedTooEarly({ deals })];
}

function letOutByApi({ id, autoSend, sentAt, calls }: AtlasEnvelope): boolean {
  return (
    (autoSend && sentAt !== null) ||
    calls.some(({ path, status }) => path === `/api/envelope/${id}/send` && status < 300)
  );
}

/** The revisions that somebody, or the policy, approved. */
function approvals(timeline: readonly TimelineEntry[]): Set<number> {
  const approved = new Set<number>();
  let revision = 1;
  for (const { what } of timeline) {
    revision = Number(/^revision (\d+) begins/.exec(what)?.[1] ?? revision);
    if (/^approved\b/.test(what)) approved.add(revision);
  }
  return approved;
}

/** The policy trusts a template only once a person has approved a contract of it. */
function trustedTooEarly({ deals }: Pick<World, 'deals'>): Finding[] {
  const approved = deals.flatMap(({ dealId, path, snapshot }) =>
    (snapshot?.timeline ?? [])
      .filter(({ what }) => /^approved\b/.test(what))
      .map(({ at, by }) => ({ dealId, type: path.documentType, at, byPolicy: by === 'policy' })),
  );
  return approved
    .filter(
      ({ byPolicy, type, at }) =>
        byPolicy && !approved.some((other) => other.type === type && !other.byPolicy && other.at < at),
    )
    .map(({ dealId }) => ({
      counts: 'mismatch',
      dealId,
      what: 'trusted before any person had approved a contract of its template',
    }));
}
