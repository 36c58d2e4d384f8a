import { describe, expect, it } from 'vitest';
import { block, note } from '../../../src/deal/state.js';
import { snapshotOf } from '../../../src/deal/showing.js';
import { paperDeals, type PaperDeals } from '../../gateway/a-gateway.js';
import { aDealIn } from '../../support/deals.js';
import { countersign } from './a-command.js';

function talkativeDeal(): PaperDeals {
  const deals = paperDeals();
  const deal = aDealIn('in-review');
  note(
    deal,
    'approved: call sam@customer.example, see https://atlas.example/sign/1?t=secret\u001b[31m',
    'anna@firm.example',
  );
  block(deal, 'crm-refused', 'no record of bob@seller.example');
  deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(deal) });
  return deals;
}

describe('countersign deals show', () => {
  it('tells what the deal waits for, since when, its signers, what can be done and the timeline', async () => {
    const { code, out } = await countersign(['show', '42'], { columns: 80 });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Deal 42: order-form, by way of atlas\n {2}stage +in-review for \d+ d, since 2026-01-05 09:00:00Z\n/,
    );
    expect(out).toMatch(/ {2}waits for +a person to review the draft\n/);
    expect(out).toMatch(/ {2}can now +approve, reject, amend, cancel\n/);
    expect(out).toMatch(/ {2}1 +Customer +waiting\n {2}2 +Company +waiting\n/);
  });

  it('shows the review link only when it is asked for', async () => {
    const link = 'https://atlas.example/review/env-1?rt=secret';
    for (const more of [[], ['--json']]) {
      expect((await countersign(['show', '42', ...more])).out).not.toContain('atlas.example');
      expect((await countersign(['show', '42', '--review-link', ...more])).out).toContain(link);
    }
  });

  it('shows no addresses and no other links, and lets nothing rewrite the screen', async () => {
    for (const more of [[], ['--json']]) {
      const { out } = await countersign(['show', '42', '--review-link', ...more], { deals: talkativeDeal() });
      expect(out).not.toMatch(/sam@|bob@|firm\.example|sign\/1|\u001b/);
      expect(out).toContain('anna@…');
      expect(out).toContain('no record of [e-mail]');
    }
  });

  it('reads an earlier round', async () => {
    const deals = paperDeals();
    const rounds: (number | undefined)[] = [];
    deals.read = async (_dealId, round) => {
      rounds.push(round);
      return deals.answers.read();
    };
    await countersign(['show', '42', '--round', '1'], { deals });
    expect(rounds).toEqual([1]);
  });

  it('ends with code 1 when there is no such deal', async () => {
    const deals = paperDeals();
    deals.answers.read = () => ({ kind: 'unknown' });
    const { code, err } = await countersign(['show', '43'], { deals });
    expect(code).toBe(1);
    expect(err).toBe('Failed: There is no deal 43, or it ended so long ago that it is forgotten.\n');
  });
});
