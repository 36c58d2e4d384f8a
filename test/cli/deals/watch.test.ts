import { describe, expect, it } from 'vitest';
import { block, note, type DealState } from '../../../src/deal/state.js';
import { snapshotOf } from '../../../src/deal/showing.js';
import type { DealSnapshot, TimelineEntry } from '../../../src/deal/snapshot.js';
import { newEntries, watch, type Change } from '../../../src/cli/deals/watch.js';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { Problem } from '../../../src/gateway/problem.js';
import { paperDeals } from '../../gateway/a-gateway.js';
import { aDealIn } from '../../support/deals.js';
import { countersign } from './a-command.js';

/** The deal at one look, with these notes on its timeline. */
function at(stage: DealState['stage'], notes: string[], reason?: 'crm-refused'): DealSnapshot {
  const deal = aDealIn(stage, { timeline: [] });
  for (const text of notes) note(deal, text, 'olaf');
  if (reason) block(deal, reason, 'no such record');
  return snapshotOf(deal);
}

const away = new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');

/** Watches a deal that answers these looks, one after the other, and the last one for ever. */
async function watched(looks: (DealSnapshot | Error)[], over: Partial<Parameters<typeof watch>[0]> = {}) {
  const changes: Change[] = [];
  let looked = 0;
  const end = await watch({
    desk: {
      read: async () => {
        const look = looks[Math.min(looked, looks.length - 1)];
        looked += 1;
        if (look === undefined || look instanceof Error) throw look ?? new Error('never looked');
        return look;
      },
    },
    dealId: '42',
    tell: (change) => void changes.push(change),
    signal: new AbortController().signal,
    pauses: { first: 1, longest: 3 },
    ...over,
  });
  const told = changes.map((change) =>
    change.change === 'entry' ? change.what : change.change === 'state' ? `= ${change.stage}` : change.change,
  );
  return { end, told, looked };
}

describe('watching a deal', () => {
  it('tells each entry and each change once, to the end of the deal', async () => {
    const { end, told } = await watched([
      at('in-review', ['drafted']),
      at('in-review', ['drafted']),
      at('out-for-signature', ['drafted', 'approved', 'sent']),
      at('out-for-signature', ['drafted', 'approved', 'sent', 'signed by Customer']),
      at('completed', ['drafted', 'approved', 'sent', 'signed by Customer', 'filed']),
    ]);
    expect(end).toEqual({ end: 'reached', stage: 'completed' });
    expect(told).toEqual([
      ...['drafted', '= in-review', 'approved', 'sent', '= out-for-signature', 'signed by Customer', 'filed'],
      '= completed',
    ]);
  });

  it('tells that a deal stands still, and that it goes on', async () => {
    const { told } = await watched([
      at('filing', []),
      at('filing', [], 'crm-refused'),
      at('filing', []),
      at('voided', []),
    ]);
    expect(told.filter((word) => word.startsWith('='))).toEqual(['= filing', '= filing', '= filing', '= voided']);
  });

  it.each([
    ['declined', undefined, 'ended'],
    ['cancelled', 'cancelled', 'reached'],
    ['out-for-signature', 'in-review', 'reached'],
    ['completed', 'sending', 'reached'],
    ['cancelled', 'sending', 'ended'],
    ['completed', 'voided', 'ended'],
  ] as const)('ends at %s when it waits for %s: %s', async (stage, until, end) => {
    const result = await watched([at(stage, [])], until === undefined ? {} : { until });
    expect(result.end).toEqual({ end, stage });
  });

  it('goes on over outages, with one notice each', async () => {
    const { end, told } = await watched([
      at('in-review', []),
      away,
      away,
      away,
      at('in-review', []),
      away,
      at('completed', []),
    ]);
    expect(end).toMatchObject({ end: 'reached' });
    expect(told).toEqual(['= in-review', 'outage', 'back', 'outage', 'back', '= completed']);
  });

  it('does not wait for what cannot be asked from the first, or has become forbidden', async () => {
    await expect(watched([away])).rejects.toBe(away);
    const forbidden = new Problem(403, 'forbidden', 'The role crm may not read a deal.');
    await expect(watched([at('in-review', []), forbidden])).rejects.toBe(forbidden);
  });

  it('stays with the round it has begun with', async () => {
    const rounds: (number | undefined)[] = [];
    const read = async (_dealId: string, round?: number) => {
      rounds.push(round);
      return rounds.length < 2 ? { ...at('in-review', []), round: 2 } : at('completed', []);
    };
    await watched([], { desk: { read } });
    expect(rounds).toEqual([undefined, 2]);
  });

  it('ends when the person has gone, even while the deal does not answer', async () => {
    const controller = new AbortController();
    const read = () => {
      setImmediate(() => controller.abort());
      return new Promise<never>(() => undefined);
    };
    const { end } = await watched([], { desk: { read }, signal: controller.signal });
    expect(end).toEqual({ end: 'interrupted' });
  });

  it('looks less and less often while nothing changes', async () => {
    const controller = new AbortController();
    const times: number[] = [];
    const read = async () => {
      times.push(Date.now());
      if (times.length === 5) controller.abort();
      return at('in-review', []);
    };
    await watched([], { desk: { read }, signal: controller.signal, pauses: { first: 20, longest: 60 } });
    const [first = 0, second = 0, , fourth = 0, fifth = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(19);
    expect(fifth - fourth).toBeGreaterThanOrEqual(58);
  });
});

describe('the new entries of a timeline', () => {
  const entry = (what: string): TimelineEntry => ({ at: '2026-01-05T09:00:00.000Z', what, by: '' });
  const timeline = (...whats: string[]) => whats.map(entry);

  it.each([
    [[], ['a', 'b'], ['a', 'b']],
    [['a'], ['a', 'b'], ['b']],
    [['a', 'b'], ['a', 'b'], []],
    [['a', 'b', 'b'], ['a', 'b', 'b', 'b'], ['b']],
    // The oldest but the first are dropped.
    [['a', 'b', 'c', 'd'], ['a', 'c', 'd', 'e'], ['e']],
    [
      ['a', 'b', 'c', 'd'],
      ['a', 'd', 'e', 'f'],
      ['e', 'f'],
    ],
    [
      ['a', 'b', 'c'],
      ['a', 'x', 'y'],
      ['x', 'y'],
    ],
  ])('of %j and then %j are %j', (before, now, expected) => {
    expect(newEntries(timeline(...before), timeline(...now)).map(({ what }) => what)).toEqual(expected);
  });
});

describe('countersign deals watch', () => {
  it('ends with code 0 for a completed deal and 1 for another end', async () => {
    const deals = paperDeals();
    deals.answers.read = () => ({ kind: 'deal', snapshot: at('completed', ['filed: mail sam@customer.example']) });
    const done = await countersign(['watch', '42'], { deals });
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/filed: mail \[e-mail\] \(olaf\)\n.* = completed\n42 is completed\.\n$/);
    deals.answers.read = () => ({ kind: 'deal', snapshot: at('declined', []) });
    expect(await countersign(['watch', '42'], { deals })).toMatchObject({
      code: 1,
      out: expect.stringContaining('42 has ended: declined.\n') as unknown,
    });
    expect((await countersign(['watch', '42', '--until', 'declined'], { deals })).code).toBe(0);
  });

  it('writes one JSON line a change, and one for the end', async () => {
    const deals = paperDeals();
    deals.answers.read = () => ({ kind: 'deal', snapshot: at('voided', ['sent']) });
    const { code, out } = await countersign(['watch', '42', '--json'], { deals });
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(code).toBe(1);
    expect(lines).toMatchObject([
      { change: 'entry', what: 'sent', by: 'olaf' },
      { change: 'state', stage: 'voided', waitingFor: null, blocked: null },
      { ok: false, end: 'ended', stage: 'voided' },
    ]);
  });

  it('ends quietly with code 1 at Ctrl-C', async () => {
    const { code, err } = await countersign(['watch', '42'], { signal: AbortSignal.abort() });
    expect({ code, err }).toEqual({ code: 1, err: '' });
  });
});
