/** The dashboard and the alert rules, as far as they can be judged without a running stack; `test/scenarios/pilot.test.ts` does the rest. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/deal/refusals.js';
import { alerts, dashboard, expressions, parsed } from './observing.js';

describe('an expression', () => {
  it.each(expressions)('of $where is PromQL', ({ expr }) => {
    const { faults, metrics } = parsed(expr);
    expect(faults).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
  });

  it('that is not PromQL is told', () => {
    expect(parsed('sum(rate(a[5m])').faults).not.toEqual([]);
  });
});

describe('the dashboard', () => {
  it('has panels that do not lie over each other', () => {
    const cells = dashboard.panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => ({ cell: `${x + (index % w)},${y + Math.floor(index / w)}`, title })),
    );
    const taken = cells.map(({ cell }) => cell);
    expect(cells.filter(({ cell }, index) => taken.indexOf(cell) !== index)).toEqual([]);
    expect(dashboard.panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true);
  });
});

describe('the runbook', () => {
  const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
  const troubleshooting = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');

  it.each(Object.keys(REFUSALS))(
    'says what to press when a deal is blocked for %s, and so does the page on troubles',
    (reason) => {
      expect(runbook).toContain(`| \`${reason}\` |`);
      expect(troubleshooting).toContain(`| \`${reason}\` |`);
    },
  );

  it.each(alerts.map(({ alert }) => alert))('says what to do when %s fires', (alert) => {
    expect(runbook).toContain(`| \`${alert}\` |`);
  });
});

describe('the alerts', () => {
  it('have names of their own and say what to do', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { annotations } of alerts) expect(annotations.description.length).toBeGreaterThan(30);
  });
});
