/**
 * Deals in a world that does its worst: events doubled, late, out of order and untrue, messages at any moment, calls whose answers are
 * lost, fields that change, time that runs out. Whatever the order, a deal must end once, with at most one envelope alive at any time,
 * every envelope sent at most once and only approved, and the CRM's last word must be the deal's.
 *
 * `HOSTILE_RUNS` and `HOSTILE_SEED` try more and other orders than every run of the suite does.
 */
import fc from 'fast-check';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CrmError } from '../../src/crm/crm.js';
import type { MessageName } from '../../src/deal/messages.js';
import { isFinal, type FinalStage } from '../../src/deal/stages.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aRealTimeDealRunner, type DealRunner, type RunningDeal } from '../support/deal-runner.js';
import { aPolicy } from '../support/deals.js';
import type { Mishap, PaperEnvelope, PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

const RUNS = Number(process.env.HOSTILE_RUNS ?? 18);
const SEED = Number(process.env.HOSTILE_SEED ?? 20_260_105);
/** Deals that share the server at one time. */
const AT_ONCE = 4;

const policy = aPolicy({
  readBackFirstMs: 200,
  reviewSlaMs: 300,
  reminders: { firstMs: 200, everyMs: 100, max: 2 },
  expireAfterMs: 1000,
});

const ends: Partial<Record<FinalStage, number>> = {};
let deals: DealRunner;
beforeAll(async () => {
  deals = await aRealTimeDealRunner(await aSignedPdf());
});
afterAll(async () => {
  if (process.env.HOSTILE_RUNS) console.log(`ends: ${JSON.stringify(ends)}`);
  await deals.stop();
});

type Deed =
  | { do: 'message'; name: MessageName; payload: unknown; by: 'signal' | 'update' }
  | { do: 'event'; event: string; which: number; times: number }
  | { do: 'sign' | 'decline' | 'void' | 'send from page' | 'change fields'; which: number }
  | { do: 'mishap'; call: Mishap['call']; error: 'lost' | 'refused' | 'conflict' | 'credits'; after: boolean }
  | { do: 'withdraw' }
  | { do: 'cancel in Temporal' }
  | { do: 'wait'; ms: number };

const often = <T>(what: T, times: number): T[] => Array.from({ length: times }, () => what);

/** Which of the deal's envelopes, the first most often. */
const which = fc.constantFrom(0, 0, 0, 1, 1, 2);
const payloads: Record<MessageName, fc.Arbitrary<unknown>> = {
  review: fc.record(
    {
      decision: fc.constantFrom('approve', 'approve', 'approve', 'reject'),
      reviewer: fc.constantFrom('rita', 'rob'),
      fieldsVersion: fc.integer({ min: 0, max: 3 }),
    },
    { requiredKeys: ['decision', 'reviewer'] },
  ),
  cancel: fc.constant({ reason: 'lost', by: 'otto' }),
  amend: fc.constantFrom(
    { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'price' },
    { parties: [{ email: 'eve@customer.example', role: 'Customer', order: 1 }], by: 'otto', reason: 'address' },
  ),
  resume: fc.constant({ by: 'otto' }),
  remind: fc.constant({ by: 'otto' }),
};

const message = fc
  .constantFrom(
    ...often<MessageName>('review', 9),
    ...often<MessageName>('resume', 4),
    ...often<MessageName>('amend', 3),
    'remind' as const,
    'cancel' as const,
  )
  .chain((name) =>
    fc.record<Deed & { do: 'message' }>({
      do: fc.constant('message'),
      name: fc.constant(name),
      payload: fc.oneof({ weight: 9, arbitrary: payloads[name] }, { weight: 1, arbitrary: fc.jsonValue() }),
      by: fc.constantFrom('signal', 'update'),
    }),
  );
const event = fc.record<Deed & { do: 'event' }>({
  do: fc.constant('event'),
  event: fc.constantFrom('envelope.sent', 'envelope.signed', 'envelope.declined', 'envelope.voided', 'envelope.viewed'),
  which,
  times: fc.integer({ min: 1, max: 3 }),
});
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 18, arbitrary: message },
  { weight: 12, arbitrary: event },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('sign', 'sign', 'sign', 'decline', 'void', 'send from page', 'change fields'),
      which,
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('mishap'),
      call: fc.constantFrom<Mishap['call'][]>(
        'createEnvelope',
        'findEnvelopes',
        'readEnvelope',
        'sendEnvelope',
        'voidEnvelope',
        'remind',
        'downloadSigned',
        'record',
        'attach',
        'put',
        'withdrawn',
      ),
      error: fc.constantFrom('lost', 'lost', 'refused', 'conflict', 'credits'),
      after: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'withdraw' }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel in Temporal' }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(250, 500, 1500) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(0, 10, 40, 120) }) },
);

/** Half of the deals get to the signers before the worst begins. */
const head: fc.Arbitrary<Deed[]> = fc.constantFrom<Deed[][]>(
  [],
  [
    { do: 'wait', ms: 400 },
    { do: 'message', name: 'review', payload: { decision: 'approve', reviewer: 'rita' }, by: 'signal' },
    { do: 'wait', ms: 300 },
  ],
);
/** What the signers of whatever is out do in the end. */
type Last = 'sign' | 'decline' | 'void' | 'never sign';
const script = fc.record({
  deeds: fc.tuple(head, fc.array(deed, { minLength: 4, maxLength: 25 })).map((parts) => parts.flat()),
  last: fc.constantFrom<Last[]>('sign', 'sign', 'decline', 'void', 'never sign'),
});
type Script = typeof script extends fc.Arbitrary<infer T> ? T : never;

it(`a deal keeps its promises in any order of ${RUNS} tried`, { timeout: 60_000 + RUNS * 20_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(script, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (scripts) => {
      await Promise.all(scripts.map(followThrough));
    }),
    { numRuns: Math.ceil(RUNS / AT_ONCE), seed: SEED, endOnFailure: true },
  );
  // Orders that all end alike would show little.
  expect(Object.keys(ends).length).toBeGreaterThan(2);
});

async function followThrough({ deeds, last }: Script): Promise<void> {
  await deals.run(
    async (deal) => {
      const watch = watchOver(deal.world);
      try {
        for (const step of deeds) await inTime(deal, JSON.stringify(step), carryOut(deal, step));
        await inTime(deal, 'bringing it to an end', bringToAnEnd(deal, last));
        await inTime(deal, 'its end', check(deal, watch));
      } catch (error) {
        throw new Error(`after ${JSON.stringify(deeds)} and ${last}`, { cause: error });
      }
    },
    { policy },
  );
}

/** A deal that hangs must say at what. */
async function inTime<T>(deal: RunningDeal, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const snapshot = deal.snapshot().catch(String);
      void snapshot.then((shown) => reject(new Error(`hangs at ${what}: ${JSON.stringify(shown, null, 1)}`)));
    }, 15_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function carryOut(deal: RunningDeal, step: Deed): Promise<void> {
  const { world } = deal;
  switch (step.do) {
    case 'message':
      // Not known, not now, malformed, ended: whatever the answer, the deal must survive it. An answer may take as long as a step.
      if (step.by === 'signal') return deal.signal(step.name, step.payload).catch(ignoreEnded);
      return void deal.update(step.name, step.payload).catch(() => undefined);
    case 'event':
      for (let time = 0; time < step.times; time++) {
        await deal.event(step.event, world.envelopes[step.which]?.envelopeId ?? 'env-of-nobody').catch(ignoreEnded);
      }
      return;
    case 'sign':
    case 'decline':
    case 'void':
    case 'send from page':
    case 'change fields':
      return atTheProvider(step.do, world.envelopes[step.which], deal);
    case 'mishap':
      return void world.mishaps.push({ call: step.call, error: errorOf(step), after: step.after });
    case 'withdraw':
      world.withdrawn = 'moved back';
      return;
    case 'cancel in Temporal':
      return void (await deal.handle.cancel().catch(ignoreEnded));
    case 'wait':
      return deal.pass(`${step.ms} ms`);
  }
}

/** What people do at the provider's own pages; no event tells of it unless the script sends one. */
function atTheProvider(what: string, envelope: PaperEnvelope | undefined, { world, start }: RunningDeal): void {
  if (envelope?.status === 'pending') {
    if (what === 'sign') world.sign(envelope);
    if (what === 'decline') envelope.status = 'declined';
    if (what === 'void') Object.assign(envelope, { status: 'voided', reason: 'by hand' });
  }
  if (envelope?.status === 'draft') {
    if (what === 'change fields') envelope.fieldsVersion = (envelope.fieldsVersion ?? 0) + 1;
    if (what === 'void') Object.assign(envelope, { status: 'voided', reason: 'by hand' });
    if (what === 'send from page') world.sendFromPage(envelope, start.parties);
  }
}

function errorOf({ call, error }: Deed & { do: 'mishap' }): Error {
  if (call === 'record' || call === 'attach' || call === 'withdrawn') {
    return new CrmError(error === 'refused' ? 'refused' : 'unavailable', error);
  }
  const kinds = { lost: 'unreachable', refused: 'invalid', conflict: 'conflict', credits: 'payment-required' } as const;
  return call === 'put' ? new Error('disk full') : new ProviderError(kinds[error], error);
}

function ignoreEnded(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Notes whatever must never be, at the moment it is. */
function watchOver(world: PaperWorld): string[] {
  const faults: string[] = [];
  const live = () => world.envelopes.filter(({ status }) => status === 'draft' || status === 'pending');
  world.onCall = () => {
    if (live().length > 1) faults.push(`${live().length} live envelopes`);
    const last = world.records.at(-1)?.stage;
    const end = world.records.find(({ stage }) => isFinal(stage))?.stage;
    if (end && last !== end) faults.push(`${last} after ${end}`);
  };
  return faults;
}

/** The world calms down: nothing fails any more, and people do what the deal waits for. */
async function bringToAnEnd(deal: RunningDeal, last: Last): Promise<void> {
  const { world } = deal;
  world.mishaps.length = 0;
  for (let patience = 0; patience < 100; patience++) {
    const { stage, blocked, revision } = await deal.snapshot();
    if (isFinal(stage)) return;
    if (blocked?.reason === 'review-rejected')
      await deal.signal('cancel', { reason: 'rejected', by: 'otto' }).catch(ignoreEnded);
    else if (blocked) await deal.signal('resume', { by: 'otto' }).catch(ignoreEnded);
    if (stage === 'in-review')
      await deal.signal('review', { decision: 'approve', reviewer: `r${patience}` }).catch(ignoreEnded);
    if (stage === 'out-for-signature') {
      const envelope = world.envelopes.find(({ status }) => status === 'pending');
      if (envelope && last !== 'never sign') while (envelope.status === 'pending') atTheProvider(last, envelope, deal);
      await deal.event('envelope.signed', envelope?.envelopeId ?? `none of revision ${revision}`).catch(ignoreEnded);
    }
    await deal.pass('50 ms');
  }
}

async function check(deal: RunningDeal, faults: readonly string[]): Promise<void> {
  const { world } = deal;
  const result = await deal.result();
  const last = await deal.snapshot();
  expect(faults).toEqual([]);

  ends[result.outcome] = (ends[result.outcome] ?? 0) + 1;
  expect(isFinal(result.outcome)).toBe(true);
  expect(last.stage).toBe(result.outcome);
  expect(world.records.at(-1)).toMatchObject({ stage: result.outcome, outcome: result.outcome });
  expect(new Set(world.records.map(({ outcome }) => outcome).filter(Boolean)).size).toBe(1);

  for (const { sends } of world.envelopes) expect(sends).toBeLessThanOrEqual(1);
  const approvals = last.timeline.filter(({ what }) => what.startsWith('approved'));
  expect(world.calls.filter((call) => call === 'sendEnvelope').length).toBeLessThanOrEqual(approvals.length * 8);
  if (approvals.length === 0) expect(world.calls).not.toContain('sendEnvelope');

  expect(world.envelopes.filter(({ status }) => status === 'draft' || status === 'pending')).toEqual([]);
  const signed = world.envelopes.filter(({ status }) => status === 'signed');
  expect(signed).toHaveLength(result.outcome === 'completed' ? 1 : 0);
  expect(world.attachments).toHaveLength(signed.length);
  if (result.outcome === 'completed') expect(result.envelopeId).toBe(signed[0]?.envelopeId);
  if (result.outcome === 'declined') expect(world.envelopes.at(-1)?.status).toBe('declined');
  expect(result.credits.spent).toBe(world.envelopes.filter(({ sends }) => sends > 0).length);
}
