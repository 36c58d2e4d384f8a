/** Holds what everybody says against each other. Everything that is found here is a promise of the product's that was not kept. */
import { isFinal } from '../src/deal/stages.js';
import type { AtlasEnvelope } from './atlas-desk.js';
import { unapprovedSends } from './approvals.js';
import { duplicatesIn } from './duplicates.js';
import { makerOf, type DealFacts, type Finding, type FiledFacts, type World } from './world.js';

export function compare(world: World): Finding[] {
  const known = new Set(world.deals.map(({ dealId }) => dealId));
  const strays = world.envelopes.filter((envelope) => !known.has(makerOf(envelope)?.dealId ?? ''));
  const mismatch = (what: string): Finding => ({ counts: 'mismatch', dealId: null, what });
  return [
    ...world.deals.flatMap((deal) => compareDeal(deal, world)),
    ...duplicatesIn(world),
    ...unapprovedSends(world),
    ...strays.map(({ id }) => mismatch(`envelope ${id} belongs to no deal`)),
    ...unclaimed(world).map(({ uri }) => mismatch(`${uri} is filed for no completed deal`)),
    ...compareCredits(world),
    ...world.complaints.map(mismatch),
    ...(world.atlas.bucketAuthorizationLeaks === 0
      ? []
      : [mismatch('the API key went to the bucket of the signed PDFs')]),
  ];
}

function compareDeal(deal: DealFacts, world: World): Finding[] {
  const { dealId, snapshot } = deal;
  if (deal.end === null) return [{ counts: 'stranded', dealId, what: describeStranded(deal) }];
  if (snapshot === null) {
    return [
      {
        counts: 'mismatch',
        dealId,
        what: `was seen ${deal.end} and cannot be read any more: does its history replay?`,
      },
    ];
  }
  const own = world.envelopes.filter((envelope) => makerOf(envelope)?.dealId === dealId);
  return [
    ...itself(deal),
    ...itsParties(deal),
    ...againstAtlas(deal, own),
    ...againstCrm(deal),
    ...againstStore(deal, world.filed),
  ].map((what) => ({ counts: 'mismatch', dealId, what }));
}

function describeStranded({ snapshot, path, run }: DealFacts): string {
  const inTemporal = `its run in Temporal is ${run?.status ?? 'unknown'}`;
  const tries = run?.stuckAt.map((what) => `, ${what}`).join('') ?? '';
  if (snapshot === null) return `${path.name}: the gateway never showed the deal; ${inTemporal}${tries}`;
  const { stage, since, blocked } = snapshot;
  const still = blocked === null ? '' : `, blocked: ${blocked.reason} (${blocked.detail})`;
  return `${path.name}: last seen ${stage} since ${since}${still}; ${inTemporal}${tries}`;
}

/** What the deal says of itself, at one time and another. */
function* itself({ path, end, snapshot, run }: DealFacts): Iterable<string> {
  if (snapshot === null || end === null) return;
  const { stage, timeline } = snapshot;
  if (!path.ends.includes(end)) yield `ended ${end}, which its path does not allow (${path.ends.join(' or ')})`;
  if (stage !== end) yield `was seen ${end} and says now that it is ${stage}`;
  if (run?.status !== 'COMPLETED') yield `its run in Temporal is ${run?.status ?? 'unknown'}`;
  else if (run.result?.outcome !== stage)
    yield `the result is ${run.result?.outcome ?? 'missing'}, the snapshot says ${stage}`;
  else if (run.result.envelopeId !== snapshot.envelopeId) yield `result and snapshot name different envelopes`;
  const ends = timeline.filter(({ what }) => /^stage: (completed|declined|voided|expired|cancelled)$/.test(what));
  if (ends.length !== 1) yield `its timeline tells of ${ends.length} ends`;
  if (path.tells !== undefined && !timeline.some(({ what }) => path.tells?.test(what)))
    yield `nothing on its timeline says ${path.tells}`;
}

const FITTING = { completed: /^(signed|copied)$/, declined: /^(signed|declined|waiting|copied)$/ } as const;

function* itsParties({ snapshot }: DealFacts): Iterable<string> {
  if (snapshot?.stage !== 'completed' && snapshot?.stage !== 'declined') return;
  const { stage, parties } = snapshot;
  for (const { role, status } of parties) {
    if (!FITTING[stage].test(status)) yield `the deal is ${stage}, but ${role} is shown as ${status}`;
  }
}

function* againstAtlas({ snapshot, end }: DealFacts, own: readonly AtlasEnvelope[]): Iterable<string> {
  if (snapshot === null) return;
  const alive = own.filter(({ status }) => status === 'draft' || status === 'pending');
  const signed = own.filter(({ status }) => status === 'signed');
  const last = own.find(({ id }) => id === snapshot.envelopeId);
  for (const { id, status } of alive) yield `orphan: the deal has ended ${end}, envelope ${id} is still ${status}`;
  if (snapshot.envelopeId !== null && last === undefined) yield `its envelope ${snapshot.envelopeId} is not at Atlas`;

  const wanted = {
    completed: 'signed',
    declined: 'declined',
    voided: 'voided',
    expired: 'voided',
    cancelled: 'voided',
  } as const;
  const { stage } = snapshot;
  if (isFinal(stage) && last !== undefined && last.status !== wanted[stage])
    yield `the deal is ${stage}, its envelope is ${last.status}`;
  if (stage !== 'cancelled' && last === undefined) yield `the deal is ${stage} without an envelope`;
  if (stage !== 'completed' && signed.length > 0) yield `the deal is ${stage}, but envelope ${signed[0]?.id} is signed`;

  // Of a revision that was refused for good before there was an envelope, nothing is at Atlas.
  const { revision, replaced, credits } = snapshot;
  if (replaced.length >= revision) yield `${replaced.length} envelopes were replaced in ${revision} revisions`;
  const sent = own.filter(({ sentAt }) => sentAt !== null).length;
  const refunded = own.filter(({ creditRefunded }) => creditRefunded).length;
  if (credits.spent !== sent) yield `the deal counts ${credits.spent} credits spent, Atlas ${sent}`;
  if (credits.refunded !== refunded) yield `the deal counts ${credits.refunded} credits refunded, Atlas ${refunded}`;
}

function* againstCrm({ snapshot, crm, path }: DealFacts): Iterable<string> {
  if (snapshot === null || crm.gone) return;
  const { stage, envelopeId, signedPdf } = snapshot;
  const { record, attachments, notes } = crm;
  if (record === null) yield 'the CRM knows nothing of it';
  else {
    if (record.stage !== stage) yield `the deal is ${stage}, the CRM says ${record.stage}`;
    if (record.outcome !== stage) yield `the deal is ${stage}, the CRM has the outcome ${record.outcome ?? 'null'}`;
    if (record.envelopeId !== envelopeId) yield `the CRM has another envelope than the deal`;
    if (stage === 'completed' && record.signedAt === null) yield 'the CRM does not know when it was signed';
    if (stage !== 'completed' && record.reason === null) yield `the CRM does not know why it is ${stage}`;
  }
  const [attached] = attachments;
  if (stage === 'completed' && attached === undefined) yield 'no PDF is attached in the CRM';
  if (stage !== 'completed' && attached !== undefined) yield `a PDF is attached to a deal that is ${stage}`;
  if (attached !== undefined && (!attached.whole || attached.sha256 !== signedPdf?.sha256))
    yield 'the PDF in the CRM is not the filed one';
  if (attached !== undefined && attached.envelopeId !== envelopeId) yield 'the PDF in the CRM is of another envelope';
  if (path.notes !== undefined && !notes.some((note) => path.notes?.test(note)))
    yield `no note in the CRM says ${path.notes}`;
}

function* againstStore({ snapshot }: DealFacts, filed: readonly FiledFacts[]): Iterable<string> {
  if (snapshot === null) return;
  const { stage, signedPdf, envelopeId } = snapshot;
  if (stage !== 'completed') {
    if (signedPdf !== null) yield `a PDF is filed for a deal that is ${stage}`;
    return;
  }
  const file = filed.find(({ uri }) => uri === signedPdf?.uri);
  if (file === undefined) yield 'its signed PDF is not in the document store';
  else if (file.sha256 !== signedPdf?.sha256) yield 'the filed PDF has another sha256 than the deal says';
  else if (file.text === null) yield 'the filed PDF cannot be opened';
  else if (envelopeId === null || !file.text.includes(envelopeId)) yield 'the filed PDF is of another envelope';

  const { certificate } = signedPdf ?? {};
  if (!certificate) yield 'no certificate lies beside the signed PDF';
  else if (filed.find(({ uri }) => uri === certificate.uri)?.sha256 !== certificate.sha256)
    yield 'the certificate is not in the document store as the deal says';
}

function unclaimed({ deals, filed }: World): FiledFacts[] {
  const claimed = new Set(
    deals.flatMap(({ snapshot }) =>
      snapshot?.stage === 'completed' ? [snapshot.signedPdf?.uri, snapshot.signedPdf?.certificate?.uri] : [],
    ),
  );
  return filed.filter(({ uri }) => !claimed.has(uri));
}

/** One credit a send, over all: what Atlas's account says beside what its envelopes say. */
function* compareCredits({ envelopes, atlas }: World): Iterable<Finding> {
  const sent = envelopes.filter(({ sentAt }) => sentAt !== null).length;
  const refunded = envelopes.filter(({ creditRefunded }) => creditRefunded).length;
  if (atlas.spent !== sent)
    yield { counts: 'duplicate', dealId: null, what: `${atlas.spent} credits were spent on ${sent} sends` };
  if (atlas.refunded !== refunded) {
    yield { counts: 'mismatch', dealId: null, what: `${atlas.refunded} credits came back for ${refunded} envelopes` };
  }
}
