import { describe, expect, it } from 'vitest';
import { readOptions } from '../../chaos/options.js';

describe('the options of the chaos run', () => {
  it('are 500 deals over three workers and two gateways on a cluster, bounded', () => {
    expect(readOptions([])).toMatchObject({
      deals: 500,
      workers: 3,
      gateways: 2,
      temporal: 'cluster',
      minutes: 15,
      keep: false,
    });
  });

  it('can do with a dev server, in full and in short', () => {
    expect(readOptions(['--dev-server'])).toMatchObject({ deals: 500, temporal: 'dev-server' });
    expect(readOptions(['--short', '--seed', '12'])).toMatchObject({ deals: 8, temporal: 'dev-server', seed: 12 });
  });

  it.each([
    [['--deals', '0'], '--deals 0: must be a whole number from 1'],
    [['--workers', 'many'], '--workers many: must be a whole number from 1 to 9'],
    [['--minutes', 'ten'], '--minutes ten: must be a number of minutes'],
  ])('name the one that is wrong: %j', (args, words) => {
    expect(() => readOptions(args)).toThrow(words);
  });
});
