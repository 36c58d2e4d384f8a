import { describe, expect, it } from 'vitest';
import { externalIdOf, isDealId, readExternalId, workflowIdOf } from '../../src/deal/ids.js';
import { readAmend, readEnvelopeEvent, readParties, readReview } from '../../src/deal/messages.js';
import { snapshotOf } from '../../src/deal/showing.js';
import { note } from '../../src/deal/state.js';
import {
  judgeAmend,
  judgeCancel,
  judgeRemind,
  judgeResume,
  judgeReview,
  takeEvent,
  takeReview,
} from '../../src/deal/verdicts.js';
import { AT, aDealIn } from '../support/deals.js';

describe('ids', () => {
  it('tie a deal, its round and its revision to names that lead back', () => {
    expect(workflowIdOf('42')).toBe('deal-42');
    expect(workflowIdOf('42', 2)).toBe('deal-42-2');
    expect(readExternalId(externalIdOf('deal-42-2', 3))).toEqual({ workflowId: 'deal-42-2', revision: 3 });
    expect(readExternalId('somebody-elses-42')).toBeUndefined();
  });

  it.each(['ada@customer.example', 'a b', '../42', 'a/b', '', '-42', 'x'.repeat(121)])(
    'refuses %j as a deal id',
    (id) => {
      expect(isDealId(id)).toBe(false);
    },
  );

  it.each(['42', 'a', '0061t00000AbCdE', 'hs:991.7_x-y'])('takes %j as a deal id', (id) => {
    expect(isDealId(id)).toBe(true);
  });
});

describe('a review', () => {
  const approve = { decision: 'approve' as const, reviewer: 'rita' };

  it.each(['preparing', 'detecting', 'sending', 'out-for-signature', 'filing', 'completed'] as const)(
    'has no effect while the deal is %s',
    (stage) => {
      const deal = aDealIn(stage);
      expect(judgeReview(deal, approve)).toEqual({ no: expect.stringContaining(stage) as string });
      takeReview(deal, approve);
      expect(deal.approval).toBeNull();
    },
  );

  it('by the same person again is a repeat; by another it comes too late', () => {
    const deal = aDealIn('in-review');
    takeReview(deal, approve);
    expect(judgeReview(deal, approve)).toBe('repeat');
    expect(judgeReview(deal, { ...approve, reviewer: 'rolf' })).toEqual({ no: 'already approved by rita' });
    deal.stage = 'out-for-signature';
    expect(judgeReview(deal, approve)).toBe('repeat');
  });

  it('of fields that have changed since is refused at once', () => {
    expect(judgeReview(aDealIn('in-review', { fieldsVersion: 4 }), { ...approve, fieldsVersion: 3 })).toEqual({
      no: expect.stringContaining('version 4') as string,
    });
  });

  it('can approve after all what was rejected', () => {
    const deal = aDealIn('in-review');
    takeReview(deal, { decision: 'reject', reviewer: 'rita' });
    expect(judgeReview(deal, approve)).toBe('accept');
    takeReview(deal, approve);
    expect(deal.rejection).toBeNull();
  });
});

describe('other messages', () => {
  it('cannot cancel or amend a signed contract', () => {
    const deal = aDealIn('filing');
    expect(judgeCancel(deal, { reason: 'lost', by: 'otto' })).toHaveProperty('no');
    expect(judgeAmend(deal, { document: { uri: 'file:b.pdf' }, by: 'otto', reason: 'typo' })).toHaveProperty('no');
  });

  it('resume only what is blocked and remind only what is out', () => {
    expect(judgeResume(aDealIn('sending'))).toHaveProperty('no');
    expect(judgeRemind(aDealIn('in-review'))).toHaveProperty('no');
    expect(judgeRemind(aDealIn('out-for-signature'))).toBe('accept');
  });
});

describe('an event', () => {
  const event = (name: string, envelopeId = 'env-1') => ({ event: name, envelopeId, receivedAt: AT, deliveryId: 'd' });

  it.each([
    ['in-review', 'envelope.sent', true],
    ['in-review', 'envelope.voided', true],
    ['sending', 'envelope.signed', true],
    ['sending', 'envelope.sent', false],
    ['out-for-signature', 'envelope.sent', false],
    ['out-for-signature', 'envelope.viewed', false],
    ['out-for-signature', 'envelope.signed', true],
    ['out-for-signature', 'contract.extracted', false],
    ['filing', 'envelope.signed', false],
    ['completed', 'envelope.voided', false],
  ] as const)('while %s, %s is news: %s', (stage, name, news) => {
    const deal = aDealIn(stage);
    takeEvent(deal, event(name));
    expect(deal.news).toBe(news);
  });

  it('of another envelope is no news, but one that comes before the envelope is known is', () => {
    const deal = aDealIn('out-for-signature');
    takeEvent(deal, event('envelope.signed', 'env-0'));
    expect(deal.news).toBe(false);
    const early = aDealIn('preparing', { envelope: null });
    takeEvent(early, event('envelope.sent', 'env-9'));
    expect(early.news).toBe(true);
  });
});

describe('payloads', () => {
  it.each([
    null,
    undefined,
    1,
    'x',
    [],
    {},
    { decision: 'approve' },
    { decision: 'maybe', reviewer: 'r' },
    { decision: 'approve', reviewer: ' ' },
  ])('the review %j is not understood', (payload) => expect(readReview(payload).problem).toBeTruthy());

  it('an amend needs something to amend, a reason and a name', () => {
    expect(readAmend({ by: 'otto', reason: 'typo' }).problem).toContain('parties or a new document');
    expect(readAmend({ by: 'otto', document: { uri: 'file:b.pdf' } }).problem).toBeTruthy();
    expect(readAmend({ by: 'otto', reason: 'typo', document: { uri: 'file:b.pdf' } }).value).toBeTruthy();
  });

  it.each([
    [[], 'at least one signer'],
    ['ada', 'list'],
    [[{ name: 'Ada' }], 'parties[0].email'],
    [[{ email: 'ada' }], 'parties[0].email'],
    [[{ email: 'a@b.example', order: 0 }], 'order'],
    [[{ email: 'a@b.example', role_type: 'cc' }], 'not only cc'],
    [
      [
        { email: 'a@b.example', order: 1 },
        { email: 'c@d.example', order: 1 },
      ],
      'same order',
    ],
  ])('the parties %j are refused: %s', (parties, why) => {
    expect(readParties(parties).problem).toContain(why);
  });

  it('parties are put in the order in which they sign, by place where none is given', () => {
    const { value } = readParties([
      { email: 'b@x.example', order: 2 },
      { email: 'a@x.example', order: 1 },
    ]);
    expect(value?.map((party) => party.email)).toEqual(['a@x.example', 'b@x.example']);
    expect(
      readParties([{ email: 'a@x.example' }, { email: 'b@x.example' }]).value?.map((party) => party.order),
    ).toEqual([1, 2]);
  });

  it('an event without a name or an envelope is not understood', () => {
    expect(readEnvelopeEvent({ event: 'envelope.signed' }).problem).toBeTruthy();
    expect(readEnvelopeEvent({ event: 'envelope.signed', envelopeId: 'e' }).value).toMatchObject({ deliveryId: '' });
  });
});

describe('the snapshot', () => {
  it('tells progress by role and never a name or an address', () => {
    const text = JSON.stringify({ ...snapshotOf(aDealIn('out-for-signature')), reviewUrl: null });
    expect(text).not.toMatch(/ada|bob|@/i);
    expect(text).toContain('Customer');
  });

  it('keeps a timeline that ends, with its beginning', () => {
    const deal = aDealIn('out-for-signature');
    for (let entry = 0; entry < 500; entry += 1) note(deal, `entry ${entry}`);
    expect(deal.timeline).toHaveLength(200);
    expect(deal.timeline[0]?.what).toContain('deal started');
    expect(deal.timeline.at(-1)?.what).toBe('entry 499');
  });
});
