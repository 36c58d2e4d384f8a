import { describe, expect, it } from 'vitest';
import { dealOut } from '../../soak/deck.js';
import { faultRules } from '../../soak/faults.js';
import { readOptions } from '../../soak/options.js';
import { PATHS } from '../../soak/paths.js';
import { randomOf } from '../../soak/random.js';

const names = (count: number, seed: number): string[] =>
  dealOut(count, randomOf(seed, 'paths')).map(({ name }) => name);

describe('the paths of a run', () => {
  it('are the same for the same seed and others for another', () => {
    expect(names(300, 7)).toEqual(names(300, 7));
    expect(names(300, 7)).not.toEqual(names(300, 8));
  });

  it('are all taken, by their weights, in a run of 300 deals', () => {
    const dealt = names(300, 7);
    expect(dealt).toHaveLength(300);
    expect(new Set(dealt)).toEqual(new Set(PATHS.map(({ name }) => name)));
    const often = (name: string): number => dealt.filter((other) => other === name).length;
    expect(often('happy')).toBeGreaterThan(often('cancelled-at-once'));
  });

  it('are all different in a short run', () => {
    expect(new Set(names(24, 7)).size).toBe(24);
  });
});

describe('the faults of a run', () => {
  it.each(['call', 'webhook', 'download'])('strike the asked share of each %s', (what) => {
    const rules = faultRules(0.2).filter(({ kind }) => {
      const download = ['expired-link', 'truncated-pdf', 'empty-pdf'].includes(kind);
      return what === (download ? 'download' : kind.startsWith('webhook-') ? 'webhook' : 'call');
    });
    const spared = rules.reduce((chance, { share }) => chance * (1 - share), 1);
    expect(1 - spared).toBeCloseTo(0.2);
    expect(rules.length).toBeGreaterThan(3);
  });

  it('are none without a share', () => {
    expect(faultRules(0)).toEqual([]);
  });
});

describe('the options', () => {
  it('are 300 deals, a fifth of faults, and kills', () => {
    expect(readOptions([])).toMatchObject({ deals: 300, share: 0.2, kills: true, keep: false });
  });

  it('can leave the processes alone, and name the seed', () => {
    expect(readOptions(['--no-kills', '--seed', '12'])).toMatchObject({ kills: false, seed: 12 });
  });
});
