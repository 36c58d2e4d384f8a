import type { AtlasEnvelope } from './atlas-desk.js';
import { makerOf, type Finding, type World } from './world.js';

/** What is there twice and must be there once. */
export function duplicatesIn({ deals, envelopes, atlas }: World): Finding[] {
  const found: Finding[] = [];
  const say = (dealId: string | null, what: string): void => void found.push({ counts: 'duplicate', dealId, what });

  let doubledIds = 0;
  for (const [externalId, same] of grouped(envelopes, ({ metadata }) => metadata.external_id ?? '')) {
    const dealId = same[0] === undefined ? null : (makerOf(same[0])?.dealId ?? null);
    const sent = same.filter(({ sentAt }) => sentAt !== null).length;
    const alive = same.filter(({ status }) => status === 'draft' || status === 'pending').length;
    if (sent > 1) say(dealId, `${sent} envelopes of ${externalId} were sent`);
    if (alive > 1) say(dealId, `${alive} envelopes of ${externalId} are alive`);
    if (sent > 1 || alive > 1) doubledIds += 1;
  }
  let doubledSends = 0;
  for (const envelope of envelopes) {
    const sends = sendsOf(envelope);
    if (sends <= 1) continue;
    doubledSends += 1;
    say(makerOf(envelope)?.dealId ?? null, `envelope ${envelope.id} was sent by ${sends} calls`);
  }
  // What Atlas itself counts must be what was seen of it.
  const { externalIds, sends } = atlas.duplicates;
  if (externalIds !== doubledIds) say(null, `Atlas counts ${externalIds} doubled envelopes, ${doubledIds} were seen`);
  if (sends !== doubledSends) say(null, `Atlas counts ${sends} envelopes sent twice, ${doubledSends} were seen`);

  for (const [dealId, own] of grouped(envelopes, (envelope) => makerOf(envelope)?.dealId ?? '')) {
    const signed = own.filter(({ status }) => status === 'signed').length;
    if (signed > 1) say(dealId, `${signed} envelopes of the deal are signed`);
  }
  for (const { dealId, crm, starts } of deals) {
    if (crm.attachments.length > 1) say(dealId, `${crm.attachments.length} PDFs are attached in the CRM`);
    if (starts > 1) say(dealId, `the deal was started ${starts} times`);
  }
  return found;
}

/** Calls that sent the envelope, replays of a stored answer not counted. */
function sendsOf({ id, calls }: AtlasEnvelope): number {
  return calls.filter(({ path, status, replayed }) => path === `/api/envelope/${id}/send` && status < 300 && !replayed)
    .length;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
