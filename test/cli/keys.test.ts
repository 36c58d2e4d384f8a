import { describe, expect, it } from 'vitest';
import { keyChecks, reportKeys } from '../../src/cli/keys.js';
import type { OpenDeal } from '../../src/cli/open-deals.js';

const madeBy = (apiKeyId: string | null, ...workflowIds: string[]): OpenDeal[] =>
  workflowIds.map((workflowId) => ({ workflowId, hasEnvelope: true, apiKeyId }));
const drafts = (...workflowIds: string[]): OpenDeal[] =>
  workflowIds.map((workflowId) => ({ workflowId, hasEnvelope: false, apiKeyId: null }));

describe('the keys that open deals depend on', () => {
  it('are told apart: today’s, each previous one, and those that nobody configured', () => {
    const report = reportKeys(
      {
        deals: [
          ...madeBy('today', 'deal-1', 'deal-2'),
          ...madeBy('old-2', 'deal-3'),
          ...madeBy('lost', 'deal-4', 'deal-5'),
          ...madeBy(null, 'deal-6'),
          ...drafts('deal-7'),
        ],
        unanswered: ['deal-8'],
      },
      { current: 'today', previous: ['old-1', 'old-2'] },
    );
    expect(report).toEqual({
      current: { apiKeyId: 'today', count: 2, deals: ['deal-1', 'deal-2'] },
      previous: [
        { entry: 1, apiKeyId: 'old-1', count: 0, deals: [], removable: false },
        { entry: 2, apiKeyId: 'old-2', count: 1, deals: ['deal-3'], removable: false },
      ],
      missing: [{ apiKeyId: 'lost', count: 2, deals: ['deal-4', 'deal-5'] }],
      withoutEnvelope: { count: 1, deals: ['deal-7'] },
      unknown: { count: 1, deals: ['deal-6'] },
      unanswered: { count: 1, deals: ['deal-8'] },
    });
  });

  it.each([
    ['every open deal has told its key', { deals: madeBy('today', 'deal-1'), unanswered: [] }, true],
    ['an open deal has no envelope yet', { deals: drafts('deal-1'), unanswered: [] }, true],
    ['there is no open deal', { deals: [], unanswered: [] }, true],
    ['a deal did not answer', { deals: [], unanswered: ['deal-1'] }, false],
    ['a deal does not know its key', { deals: madeBy(null, 'deal-1'), unanswered: [] }, false],
    ['a deal depends on it', { deals: madeBy('old', 'deal-1'), unanswered: [] }, false],
  ])('when %s, whether a previous key may go is certain or not', (_when, asked, removable) => {
    const report = reportKeys(asked, { current: 'today', previous: ['old'] });
    expect(report.previous).toMatchObject([{ entry: 1, removable }]);
  });

  it('never count a deal twice when a previous key is listed twice or is today’s', () => {
    const ring = { current: 'today', previous: ['old', 'today', 'old'] };
    const asked = { deals: [...madeBy('today', 'deal-1'), ...madeBy('old', 'deal-2')], unanswered: [] };
    expect(reportKeys(asked, ring).previous).toMatchObject([
      { entry: 1, count: 1, removable: false },
      { entry: 2, count: 0, removable: true },
      { entry: 3, count: 0, removable: true },
    ]);
  });

  it('are told with at most 20 deals each, and how many more there are', () => {
    const ids = Array.from({ length: 23 }, (_, index) => `deal-${index + 1}`);
    const report = reportKeys(
      { deals: madeBy('old', ...ids), unanswered: [] },
      { current: 'today', previous: ['old'] },
    );
    const [, previous] = keyChecks(report);
    expect(previous?.message).toMatch(/^entry 1 \(fingerprint old\) made 23 open deals: keep it until they have ended/);
    expect(previous?.message).toMatch(/ deal-19, deal-20 and 3 more$/);
    expect(previous?.message).not.toContain('deal-21');
    expect(report.previous[0]?.deals).toEqual(ids);
  });
});
