import { describe, expect, it } from 'vitest';
import { NO_FAULT } from '../../chaos/faults.js';
import { Pulse, recoveryAfter, touchedBy, type Beat } from '../../chaos/pulse.js';
import { rowsOf } from '../../chaos/report.js';
import { rounds } from '../../chaos/storm.js';
import { newDrivenDeal, type DrivenDeal } from '../../soak/drive.js';
import { PATHS } from '../../soak/paths.js';
import { randomOf } from '../../soak/random.js';

const beats = (at: number): Beat[] => [
  { kind: 'taken', at },
  { kind: 'drafted', at: at + 1 },
  { kind: 'sent', at: at + 2 },
  { kind: 'signed', at: at + 30 },
];

function aDeal(dealId: string, begunAt: number | null, endedAt: number | null): DrivenDeal {
  const [path] = PATHS;
  if (path === undefined) throw new Error('no paths');
  return { ...newDrivenDeal(dealId, path), begunAt, endedAt };
}

describe('recovery', () => {
  it('is there when the last kind of progress is seen again', () => {
    expect(recoveryAfter(100, [...beats(90), ...beats(500)])).toBe(402);
  });

  it('is not there while one kind is missing', () => {
    expect(
      recoveryAfter(
        100,
        beats(99).filter(({ kind }) => kind !== 'signed'),
      ),
    ).toBeNull();
  });

  it('takes its progress from the stages that the CRM hears of', () => {
    const pulse = new Pulse();
    for (const stage of ['preparing', 'in-review', 'out-for-signature', 'filing']) pulse.heard('d', stage, 7);
    expect(pulse.beats([{ ...aDeal('d', 1, null), takenAt: 7 }]).map(({ kind }) => kind)).toEqual([
      'taken',
      'drafted',
      'sent',
      'signed',
    ]);
  });

  it('counts from the begin of a kill and from the end of a bad network', () => {
    const at = { from: 100, to: 200 };
    const injections = [
      { fault: { name: 'killed', countsFrom: 'begin' as const }, ...at },
      { fault: { name: 'cut', countsFrom: 'end' as const }, ...at },
      { fault: { name: NO_FAULT, countsFrom: 'begin' as const }, ...at },
    ];
    const rows = rowsOf(injections, beats(300), []);
    expect(rows.map(({ fault, recoveryP95Ms }) => [fault, recoveryP95Ms])).toEqual([
      [NO_FAULT, 230],
      ['cut', 130],
      ['killed', 230],
    ]);
  });

  it('is said to be unmeasured where the run ended before', () => {
    const late = { fault: { name: 'killed', countsFrom: 'begin' as const }, from: 900, to: 950 };
    expect(rowsOf([late], beats(300), [])).toEqual([
      { fault: 'killed', times: 1, deals: 0, recoveryP95Ms: null, unmeasured: 1 },
    ]);
  });
});

describe('the deals that a fault touched', () => {
  it('were on their way at some moment of it', () => {
    const deals = [
      aDeal('before', 1, 9),
      aDeal('into', 1, 15),
      aDeal('within', 12, 13),
      aDeal('through', 5, null),
      aDeal('after', 21, null),
      aDeal('never', null, null),
    ];
    expect(touchedBy({ from: 10, to: 20 }, deals).map(({ dealId }) => dealId)).toEqual(['into', 'within', 'through']);
  });

  it('are counted once, however often it was injected', () => {
    const fault = { name: 'killed', countsFrom: 'begin' as const };
    const twice = [
      { fault, from: 10, to: 20 },
      { fault, from: 30, to: 40 },
    ];
    expect(rowsOf(twice, [], [aDeal('d', 1, null)])).toMatchObject([{ times: 2, deals: 1 }]);
  });
});

describe('the order of the faults', () => {
  const faults = ['a', 'a', 'b', 'c', 'c', 'd'].map((place, index) => ({ place, index }));
  const pass = (seed: number, pairs = 0.5): { place: string; index: number }[][] => [
    ...rounds(faults, randomOf(seed, 'faults'), pairs),
  ];

  it('takes each once, at most two together, and never two of one place', () => {
    for (let seed = 0; seed < 50; seed++) {
      const struck = pass(seed);
      expect(
        struck
          .flat()
          .map(({ index }) => index)
          .sort(),
      ).toEqual([0, 1, 2, 3, 4, 5]);
      for (const together of struck) {
        expect(together.length).toBeLessThanOrEqual(2);
        expect(new Set(together.map(({ place }) => place)).size).toBe(together.length);
      }
    }
  });

  it('follows from the seed', () => {
    expect(pass(7)).toEqual(pass(7));
    expect(pass(7)).not.toEqual(pass(8));
  });

  it('has pairs only where they are asked for', () => {
    expect(pass(7, 0).every(({ length }) => length === 1)).toBe(true);
    expect(pass(7, 1).some(({ length }) => length === 2)).toBe(true);
  });
});
