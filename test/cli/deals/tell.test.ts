import { describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { paperDeals } from '../../gateway/a-gateway.js';
import { countersign } from './a-command.js';

describe('a message by the CLI', () => {
  it.each([
    [['approve', '42'], 'review', { decision: 'approve', reviewer: 'olaf' }],
    [
      ['approve', '42', '--note', 'as agreed', '--fields-version', '3'],
      'review',
      { decision: 'approve', reviewer: 'olaf', note: 'as agreed', fieldsVersion: 3 },
    ],
    [
      ['reject', '42', '--note', 'wrong price'],
      'review',
      { decision: 'reject', reviewer: 'olaf', note: 'wrong price' },
    ],
    [['cancel', '42', '--reason', 'lost'], 'cancel', { reason: 'lost', by: 'olaf' }],
    [['resume', '42', '--note', 'bought credits'], 'resume', { note: 'bought credits', by: 'olaf' }],
    [['remind', '42', '--as', 'rita'], 'remind', { by: 'rita' }],
    [
      ['amend', '42', '--reason', 'new price', '--document', 'file:new.pdf'],
      'amend',
      { reason: 'new price', by: 'olaf', document: { uri: 'file:new.pdf' } },
    ],
    [
      ['amend', '42', '--reason', 'new signer', '--parties', '-'],
      'amend',
      { reason: 'new signer', by: 'olaf', parties: [{ email: 'eve@customer.example', order: 1, kind: 'signer' }] },
    ],
  ])('%j goes to the deal with a key of its own', async (args, name, message) => {
    const { code, out, deals } = await countersign(args, { stdin: '[{"email": "eve@customer.example"}]' });
    expect({ code, out }).toEqual({ code: 0, out: `42  ${args[0]} taken\n` });
    const updateId = expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{32}$`)) as unknown;
    expect(deals.told).toEqual([{ dealId: '42', name, message, updateId }]);
  });

  it('counts once with the same key, and each time without', async () => {
    const deals = paperDeals();
    for (const more of [[], [], ['--key', 'k'], ['--key', 'k']])
      await countersign(['remind', '42', ...more], { deals });
    const ids = deals.told.map(({ updateId }) => updateId);
    expect(new Set(ids).size).toBe(3);
    expect(ids[2]).toBe(ids[3]);
  });

  it('says whether it was a repeat, or waits for the deal', async () => {
    const deals = paperDeals();
    deals.answers.tell = () => ({ kind: 'taken', workflowId: 'deal-42', repeat: true });
    expect((await countersign(['remind', '42'], { deals })).out).toContain('was taken before');
    deals.answers.tell = () => ({ kind: 'queued', workflowId: 'deal-42' });
    const { code, out } = await countersign(['remind', '42', '--json'], { deals });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ...{ ok: true, dealId: '42', action: 'remind', result: 'queued', workflowId: 'deal-42' },
    });
  });

  it('ends with code 1 and the reason when the deal is in no state for it', async () => {
    const deals = paperDeals();
    deals.answers.tell = () => ({ kind: 'not-now', workflowId: 'deal-42', why: 'the deal is not blocked' });
    const { code, out, err } = await countersign(['resume', '42'], { deals });
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: 'Failed: Not now: the deal is not blocked.\n' });
  });

  it('says how to repeat safely what may have arrived', async () => {
    const deals = paperDeals();
    deals.answers.tell = () => {
      throw new DealsUnavailable('no-worker', 'No worker took it in time.');
    };
    const { code, err } = await countersign(['cancel', '42', '--reason', 'lost'], { deals });
    expect(code).toBe(1);
    expect(err).toMatch(/No worker took it in time\. To send it again: the same command with --key [0-9a-f-]{36}\n$/);
  });

  it.each([
    [['approve'], /missing required argument/],
    [['cancel', '42'], /--reason/],
    [['cancel', '42', '--reason', ''], /--reason/],
    [['amend', '42', '--reason', 'x'], /needs --parties or --document/],
    [['approve', '42', '--fields-version', 'new'], /--fields-version/],
    [['approve', '42', '43'], /too many arguments/],
    [['forget', '42'], /unknown command/],
  ])('%j ends with code 2', async (args, said) => {
    const { code, err, deals } = await countersign(args);
    expect({ code, told: deals.told }).toEqual({ code: 2, told: [] });
    expect(err).toMatch(said);
    expect(err).toContain('--help');
  });

  it('refuses parties that are none, before the deal hears of it', async () => {
    const { code, err, deals } = await countersign(['amend', '42', '--reason', 'x', '--parties', '-'], {
      stdin: '[{"email": "eve"}]',
    });
    expect({ code, told: deals.told }).toEqual({ code: 1, told: [] });
    expect(err).toContain('parties[0].email: must be an e-mail address');
  });
});
