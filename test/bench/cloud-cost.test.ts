import { describe, expect, it } from 'vitest';
import { actionsIn } from '../../bench/scale/actions.js';
import { yearlyCostOf } from '../../bench/scale/cloud-cost.js';
import { readScaleOptions } from '../../bench/scale/options.js';

describe('the actions of a deal, as Temporal Cloud counts them', () => {
  it('count all markers of one workflow task as one', () => {
    const marker = (task: number) => ({
      markerRecordedEventAttributes: { workflowTaskCompletedEventId: task as never },
    });
    expect(actionsIn({ events: [marker(4), marker(4), marker(9)] })).toMatchObject({ localActivities: 2 });
  });

  it('count every attempt of an activity, and the intent of a child workflow apart from its start', () => {
    const events = [
      { workflowExecutionStartedEventAttributes: {} },
      { activityTaskScheduledEventAttributes: {} },
      { activityTaskStartedEventAttributes: { attempt: 3 } },
      { startChildWorkflowExecutionInitiatedEventAttributes: {} },
      { workflowTaskStartedEventAttributes: {} },
    ];
    const counted = actionsIn({ events });
    expect(counted).toMatchObject({ start: 1, activities: 1, activityRetries: 2, childWorkflows: 2 });
    expect(Object.values(counted).reduce((sum, count) => sum + count, 0)).toBe(6);
  });
});

describe('what a million deals a year cost', () => {
  it('takes each tier of a month at its own price', () => {
    // 135 actions a deal are 11.25 million a month: 5 at $50, 5 at $45 and 1.25 at $40.
    const { millionActionsAMonth, dollars } = yearlyCostOf({ actions: 135, historyBytes: 0 });
    expect(millionActionsAMonth).toBe(11.25);
    expect(dollars.actions).toBe((250 + 225 + 50) * 12);
  });

  it('adds storage, and the plan by its least or its share', () => {
    const small = yearlyCostOf({ actions: 12, historyBytes: 10_000 });
    expect(small.dollars).toMatchObject({ actions: 600, activeStorage: 101, retainedStorage: 8, plan: 6_000 });
    const large = yearlyCostOf({ actions: 6_000, historyBytes: 0 });
    expect(large.dollars.plan).toBe(large.dollars.actions / 10);
    expect(large.dollars.total).toBe(large.dollars.actions + large.dollars.plan);
  });
});

describe('the options of the scale benchmark', () => {
  it('run all parts, or those that are asked for', () => {
    expect(readScaleOptions([])).toMatchObject({ parts: ['a', 'b', 'c', 'd', 'e'], workers: [1, 2, 4] });
    expect(readScaleOptions(['--only', 'a,c'])).toMatchObject({ parts: ['a', 'c'] });
  });

  it.each([
    [['--only', 'a,x'], '--only a,x: "x" is none of the parts a, b, c, d, e'],
    [['--workers', '1,none'], '--workers none: must be a whole number from 1'],
    [['--open-deals', '1'], '--open-deals 1: must be 2 or more, since half of them are compared with all'],
  ])('refuse %j', (args, why) => {
    expect(() => readScaleOptions(args)).toThrow(why);
  });
});
